import type { Pressure } from "../pressure.ts";
import { formatBytes } from "../units.ts";
import type { HealthCheck } from "./health-check.ts";

/** Builds of device code want more. */
const DISK_BYTES_MIN = 2 * 1024 ** 3;
const MEMORY_SHARE_MIN = 0.05;
/** From here on programs spend more time on waiting for memory than is seen in normal work. */
const PRESSURE_MAX = 20;

export interface MachineState {
  readonly diskFreeBytes: number;
  readonly memoryBytes: number;
  /** null: not said. */
  readonly memoryAvailableBytes: number | null;
  readonly pressure: Pressure;
}

/** Disk and memory. Warnings only: they come and go, and jobs that they end say so themselves. */
export function judgeMachine(state: MachineState): readonly HealthCheck[] {
  const { diskFreeBytes, memoryBytes, memoryAvailableBytes, pressure } = state;
  const free = `${formatBytes(diskFreeBytes)} are free where jobs run`;
  const disk: HealthCheck =
    diskFreeBytes >= DISK_BYTES_MIN
      ? { name: "disk", device: "", status: "ok", detail: free }
      : { name: "disk", device: "", status: "warning", detail: `${free}: builds want ${formatBytes(DISK_BYTES_MIN)}` };
  return [disk, judgeMemoryOf(memoryBytes, memoryAvailableBytes, pressure.memory)];
}

function judgeMemoryOf(total: number, available: number | null, pressure: number | null): HealthCheck {
  const check = (status: HealthCheck["status"], detail: string) =>
    ({ name: "memory", device: "", status, detail }) as const;
  const has = available === null ? "" : `${formatBytes(available)} of ${formatBytes(total)} are available`;
  const waits = pressure === null ? "" : `programs wait for memory ${pressure} % of the time`;
  const detail = [has, waits].filter((part) => part !== "").join(", ");
  if (detail === "") return check("not-run", "the system does not say how much memory is available");
  const isShort = available !== null && available < total * MEMORY_SHARE_MIN;
  if (isShort || (pressure ?? 0) > PRESSURE_MAX) return check("warning", `${detail}: give the agent fewer slots`);
  return check("ok", detail);
}
