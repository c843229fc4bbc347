import type { ProfileWork } from "../job.ts";

/** Names that the chip has. `queried` is the output of `ncu --query-metrics`; null: it could not be asked. */
export function metricsOf({ metrics }: Pick<ProfileWork, "metrics">, queried: string | null): readonly string[] {
  const has = new Set(queried?.match(/^\w+(?=\s)/gm) ?? []);
  // Launch metrics are of every chip and are not listed.
  return metrics.flatMap((names) => names.find((name) => has.has(name.split(".")[0] ?? name)) ?? names[0] ?? []);
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

/** What tells launches apart; older versions have no column of it, and every report holds it. */
const LAUNCH_METRICS = [
  ...["x", "y", "z"].flatMap((axis) => [`launch__block_dim_${axis}`, `launch__grid_dim_${axis}`]),
  ...["major", "minor"].map((part) => `device__attribute_compute_capability_${part}`),
];

/** Arguments of ncu that print what a report holds, in base units whatever the locale. */
export function importArguments(
  files: { readonly report: string; readonly csv: string },
  metrics: readonly string[],
): readonly string[] {
  const asked = [...new Set([...metrics, ...LAUNCH_METRICS])].join(",");
  const page = ["--page", "raw", "--csv", "--print-units", "base", "--metrics", asked];
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
