import { foreignCores } from "../../domain/measure/foreign-cpu.ts";
import type { MeasuredProcess } from "../../domain/report.ts";
import { GpuSampler } from "./gpu-sampler.ts";
import { readProcessTimes } from "./process-times.ts";

/** What is read around one process. */
export interface Watch {
  /** After the process has ended. Never rejects: what cannot be read is null. */
  end(): Promise<MeasuredProcess["stamp"]>;
}

/** Begins to watch the machine, and a GPU where the job has one; `gpu` is its UUID. */
export async function watchMachine(gpu: string | null): Promise<Watch> {
  const sampler = gpu === null ? null : await GpuSampler.start(gpu);
  const before = await readProcessTimes();
  const startedMs = performance.now();
  return {
    end: async () => {
      const durationMs = performance.now() - startedMs;
      const after = await readProcessTimes();
      const foreignCpu = before && after ? foreignCores(before, after, { agentPid: process.pid, durationMs }) : null;
      return { gpu: sampler ? await sampler.end() : null, foreignCpu };
    },
  };
}
