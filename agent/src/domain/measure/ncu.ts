import type { ProfileWork } from "../job.ts";

/**
 * Metrics that are kept of each launch: those that hardly vary (instructions,
 * bytes, registers, spills) and those that explain a time. A chip has one of the
 * names of a line, the first that its `--query-metrics` lists.
 */
const NCU_METRICS: readonly (readonly [string, ...string[]])[] = [
  ["gpu__time_duration.sum"],
  ["gpc__cycles_elapsed.max"],
  ["sm__throughput.avg.pct_of_peak_sustained_elapsed"],
  ["gpu__compute_memory_throughput.avg.pct_of_peak_sustained_elapsed"],
  ["gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed"],
  ["dram__bytes_read.sum", "dram__bytes_op_read.sum"],
  ["dram__bytes_write.sum", "dram__bytes_op_write.sum"],
  ["lts__t_sector_hit_rate.pct"],
  ["l1tex__t_sector_hit_rate.pct"],
  ["sm__warps_active.avg.pct_of_peak_sustained_active"],
  ["sm__maximum_warps_per_active_cycle_pct"],
  ["smsp__inst_executed.sum"],
  ["smsp__issue_active.avg.per_cycle_active"],
  ["sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_active"],
  ["l1tex__t_sectors_pipe_lsu_mem_local_op_ld.sum"],
  ["l1tex__t_sectors_pipe_lsu_mem_local_op_st.sum"],
  ["l1tex__data_bank_conflicts_pipe_lsu_mem_shared.sum"],
  ["launch__registers_per_thread"],
  ["launch__shared_mem_per_block"],
  ["launch__waves_per_multiprocessor"],
  ["launch__grid_size"],
  ["launch__block_size"],
];

/** Names that the chip has. `queried` is the output of `ncu --query-metrics`; null: it could not be asked. */
export function metricsOf(queried: string | null): readonly string[] {
  const has = new Set(queried?.match(/^\w+(?=\s)/gm) ?? []);
  return NCU_METRICS.map(([first, ...others]) => {
    // Launch metrics are of every chip and are not listed.
    return [first, ...others].find((name) => has.has(name.split(".")[0] ?? name)) ?? first;
  });
}

/** Arguments of ncu that profile a command. Timing never runs under it. */
export function profileArguments(
  { kernels, launchSkip, launchCount }: ProfileWork,
  files: { readonly report: string; readonly log: string },
  metrics: readonly string[],
): readonly string[] {
  return [
    ...["--config-file", "off", "--null-stdin", "--target-processes", "all"],
    ...(kernels === null ? [] : ["--kernel-name", `regex:^(${kernels})$`]),
    ...["--filter-mode", "per-launch-config"],
    ...["--launch-skip", String(launchSkip), "--launch-count", String(launchCount)],
    // Clocks and caches as the tool sets them for each launch, so that two profiles can be compared.
    ...["--clock-control", "base", "--cache-control", "all"],
    ...["--metrics", metrics.join(","), "--log-file", files.log, "-f", "-o", files.report],
  ];
}

/** Arguments of ncu that print what a report holds, in base units whatever the locale. */
export function importArguments(
  files: { readonly report: string; readonly csv: string },
  metrics: readonly string[],
): readonly string[] {
  const page = ["--page", "raw", "--csv", "--print-units", "base", "--metrics", metrics.join(",")];
  return ["--import", files.report, ...page, "--log-file", files.csv];
}

export type NcuTrouble =
  /** The host's policy, which another machine may not have. */
  { readonly kind: "permission" } | { readonly kind: "no-kernels" };

/** What ncu says when it ends with status 0 and has nothing. */
export function ncuTrouble(log: string): NcuTrouble | null {
  if (log.includes("ERR_NVGPUCTRPERM")) return { kind: "permission" };
  return log.includes("No kernels were profiled") ? { kind: "no-kernels" } : null;
}
