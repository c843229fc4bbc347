import type { GpuReading } from "../domain/gpu/gpu.ts";
import type { Pressure } from "../domain/pressure.ts";

/** Numbers of this machine that every heartbeat carries. */
export interface MachineReadings {
  readonly diskFreeBytes: number;
  /** null: the system does not say. */
  readonly memoryAvailableBytes: number | null;
  readonly pressure: Pressure;
  /** Empty where there is no GPU, and until they have been asked. */
  readonly gpus: readonly GpuReading[];
}
