import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Probe } from "../../domain/gpu/gpu.ts";
import { judgeNcu } from "../../domain/gpu/probes.ts";
import type { CudaToolkit } from "../../domain/cuda-toolkit.ts";
import { onPath, PROGRAM_SUFFIX } from "../system/on-path.ts";
import { runTool } from "../system/run-tool.ts";

const TIMEOUT_MS = 120_000;
const NSIGHT_PARENT = "/opt/nvidia/nsight-compute";

/** ncu: on the path, beside a toolkit, or where its own installer puts it; null: there is none. */
export function findNcu(env: NodeJS.ProcessEnv, toolkits: readonly CudaToolkit[]): string | null {
  const versions = existsSync(NSIGHT_PARENT) ? readdirSync(NSIGHT_PARENT).sort().reverse() : [];
  const places = [
    ...toolkits.map(({ path }) => join(path, "bin", `ncu${PROGRAM_SUFFIX}`)),
    ...versions.map((version) => join(NSIGHT_PARENT, version, "ncu")),
  ];
  return onPath(env, "ncu") ?? places.find((path) => existsSync(path)) ?? null;
}

/**
 * Lets ncu read one counter of the first kernel of a small program. It leaves the clocks alone.
 * `program` runs on the GPU or MIG slice `device`.
 */
export async function probeCounters(
  ncu: string,
  program: readonly [string, ...string[]],
  device: string,
  env: NodeJS.ProcessEnv,
): Promise<Probe> {
  const folder = mkdtempSync(join(tmpdir(), "kiln-ncu-"));
  const args = [
    ...["--config-file", "off", "--target-processes", "all", "--launch-count", "1"],
    ...["--clock-control", "none", "--cache-control", "none"],
    ...["--metrics", "sm__cycles_elapsed.max", "--csv", "--print-units", "base"],
    ...program,
  ];
  const inherited = Object.entries(env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  const own = { LC_ALL: "C", TMPDIR: folder, CUDA_VISIBLE_DEVICES: device, CUDA_DEVICE_ORDER: "PCI_BUS_ID" };
  try {
    const options = { timeoutMs: TIMEOUT_MS, cwd: folder, env: { ...Object.fromEntries(inherited), ...own } };
    const { ok, output, stdout, failure } = await runTool(ncu, args, options);
    return judgeNcu(ok ? stdout : output, failure);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
