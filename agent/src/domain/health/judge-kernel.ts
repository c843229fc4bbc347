import type { HealthCheck } from "./health-check.ts";

/** How the check program ended. */
export interface KernelRun {
  readonly stdout: string;
  /** Empty: it ended with status 0. */
  readonly failure: string;
  /** It could not be started at all. */
  readonly isMissing: boolean;
  /** What ran it: "CUDA 12.4.131", "PyTorch of /usr/bin/python3". */
  readonly by: string;
}

/**
 * Errors of the CUDA runtime that say that program and driver do not fit, and
 * nothing of the GPU: 35 insufficient driver, -1 (the script's own) no PyTorch with CUDA, 209 no kernel image for the device,
 * 222 unsupported PTX version (CUDA Runtime API, cudaError).
 */
const MISMATCHES: ReadonlySet<number> = new Set([-1, 35, 209, 222]);

/** What the check program has shown. It prints one line of JSON, {ok: true, mebibytes, ms} or {ok: false, step, code, error}. */
export function judgeKernel(device: string, run: KernelRun): HealthCheck {
  const check = (status: HealthCheck["status"], detail: string) =>
    ({ name: "kernel", device, status, detail }) as const;
  if (run.isMissing) return check("not-run", `the check of ${run.by} could not be started: ${run.failure}`);
  const said = lastObject(run.stdout);
  if (said === null) {
    const how = run.failure === "" ? "it ended without a word" : run.failure;
    return check("failed", `a small program on it (${run.by}) did not come to its end: ${how}`);
  }
  if (said["ok"] === true && run.failure === "") {
    const seconds = (Number(said["ms"]) / 1_000).toFixed(2);
    return check(
      "ok",
      `${String(said["mebibytes"])} MiB allocated, copied and computed on in ${seconds} s (${run.by})`,
    );
  }
  const words = `at the step "${text(said["step"])}": ${text(said["error"])}`;
  if (MISMATCHES.has(Number(said["code"]))) {
    return check("not-run", `${run.by} and the driver do not fit together, ${words}`);
  }
  return check("failed", `a small program on it (${run.by}) failed ${words}`);
}

function lastObject(stdout: string): Readonly<Record<string, unknown>> | null {
  const line = stdout.trim().split(/\r?\n/).at(-1) ?? "";
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 300) : "";
}
