import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import {
  countProcesses,
  GpuReadings,
  readingFields,
  REASON_FIELDS,
  type ReasonField,
} from "../../domain/measure/gpu-readings.ts";
import type { GpuStamp } from "../../domain/report.ts";
import { runTool } from "../system/run-tool.ts";

/** Short benchmarks still get a few readings; more often costs the driver time. */
const INTERVAL_MS = 100;
const TOOL_TIMEOUT_MS = 10_000;
const PROGRAM = process.platform === "win32" ? "nvidia-smi.exe" : "nvidia-smi";

/** Reads a GPU ten times a second, by nvidia-smi, beside a process that uses it. */
export class GpuSampler {
  readonly #uuid: string;
  readonly #readings = new GpuReadings();
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  /** Before the process was started. */
  readonly #othersBefore: number | null;

  private constructor(uuid: string, reasons: ReasonField, othersBefore: number | null) {
    this.#uuid = uuid;
    this.#othersBefore = othersBefore;
    const query = `--query-gpu=${readingFields(reasons).join(",")}`;
    const args = [query, "--format=csv,noheader,nounits", `--loop-ms=${INTERVAL_MS}`, `--id=${uuid}`];
    this.#child = spawn(PROGRAM, args, { stdio: ["ignore", "pipe", "ignore"], windowsHide: true });
    // Without the program there are no readings, which the stamp then says.
    this.#child.on("error", () => undefined);
    const { stdout } = this.#child;
    if (stdout) createInterface({ input: stdout }).on("line", (line) => this.#readings.take(line));
    this.#closed = this.#child.pid === undefined ? Promise.resolve() : once(this.#child, "close");
  }

  static async start(uuid: string): Promise<GpuSampler> {
    return new GpuSampler(uuid, await reasonField(), await processesOn(uuid));
  }

  /** null when the GPU could not be read at all. */
  async end(): Promise<GpuStamp | null> {
    this.#child.kill("SIGKILL");
    await this.#closed;
    const after = await processesOn(this.#uuid);
    const others = this.#othersBefore === null || after === null ? null : Math.max(this.#othersBefore, after);
    return this.#readings.stamp(others);
  }
}

/** The name that this driver knows; asked for each time, because a driver may be replaced. */
async function reasonField(): Promise<ReasonField> {
  const [name, older] = REASON_FIELDS;
  const args = [`--query-gpu=${name}`, "--format=csv,noheader"];
  return (await runTool(PROGRAM, args, { timeoutMs: TOOL_TIMEOUT_MS, cwd: tmpdir() })).ok ? name : older;
}

async function processesOn(uuid: string): Promise<number | null> {
  const args = ["--query-compute-apps=pid,gpu_uuid", "--format=csv,noheader"];
  const ran = await runTool(PROGRAM, args, { timeoutMs: TOOL_TIMEOUT_MS, cwd: tmpdir() });
  return ran.ok ? countProcesses(ran.output, uuid) : null;
}
