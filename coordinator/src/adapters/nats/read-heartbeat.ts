import type { agent as wire } from "@kiln/proto";
import type { Heartbeat } from "../../domain/heartbeat.ts";
import type { GpuReading } from "../../domain/readings.ts";

/** GPUs of one machine whose numbers are kept. */
const GPUS_MAX = 64;
const UUID_CHARS_MAX = 100;

/** A heartbeat as its message has it. Numbers that make no sense are none. */
export function readHeartbeat(message: wire.Heartbeat): Heartbeat {
  const { agentId, sessionId, attempts, diskFreeBytes, spoolBytes } = message;
  return {
    agentId,
    sessionId,
    attempts,
    diskFreeBytes: Number(diskFreeBytes),
    spoolBytes: Number(spoolBytes),
    readings: {
      cpuPressure: percent(message.cpuPressure),
      memoryPressure: percent(message.memoryPressure),
      ioPressure: percent(message.ioPressure),
      memoryAvailableBytes: whole(message.memoryAvailableBytes),
      gpus: message.gpus.slice(0, GPUS_MAX).map((gpu): GpuReading => ({
        uuid: gpu.uuid.slice(0, UUID_CHARS_MAX),
        utilizationPercent: percent(gpu.utilizationPercent),
        temperatureCelsius: whole(gpu.temperatureCelsius),
        smClockMhz: whole(gpu.smClockMhz),
        memoryUsedBytes: whole(gpu.memoryUsedBytes),
      })),
    },
  };
}

/** With two decimals, as the system has it: the wire's 32 bits make more of them. */
function percent(value: number | undefined): number | null {
  return value !== undefined && value >= 0 && value <= 100 ? Math.round(value * 100) / 100 : null;
}

function whole(value: number | bigint | undefined): number | null {
  const number = Number(value ?? Number.NaN);
  return Number.isSafeInteger(number) ? number : null;
}
