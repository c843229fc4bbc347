import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { agent as wire } from "@kiln/proto";
import type { GpuReading } from "../../domain/gpu/gpu.ts";
import type { HeartbeatFacts } from "../../ports/control-plane.ts";

/** A heartbeat as its message; what is not known is not set. */
export function heartbeatMessage(
  facts: HeartbeatFacts,
  ids: { readonly agentId: string; readonly sessionId: string },
): wire.Heartbeat {
  const { pressure, memoryAvailableBytes } = facts;
  return create(wire.HeartbeatSchema, {
    ...ids,
    attempts: [...facts.attempts],
    diskFreeBytes: BigInt(facts.diskFreeBytes),
    spoolBytes: BigInt(Math.max(0, facts.spoolBytes)),
    ...(pressure.cpu === null ? {} : { cpuPressure: pressure.cpu }),
    ...(pressure.memory === null ? {} : { memoryPressure: pressure.memory }),
    ...(pressure.io === null ? {} : { ioPressure: pressure.io }),
    ...(memoryAvailableBytes === null ? {} : { memoryAvailableBytes: BigInt(memoryAvailableBytes) }),
    gpus: facts.gpus.map(readingMessage),
  });
}

function readingMessage(reading: GpuReading): MessageInitShape<typeof wire.GpuReadingSchema> {
  const { uuid, utilizationPercent, temperatureCelsius, smClockMhz, memoryUsedBytes } = reading;
  return {
    uuid,
    ...(utilizationPercent === null ? {} : { utilizationPercent }),
    ...(temperatureCelsius === null ? {} : { temperatureCelsius }),
    ...(smClockMhz === null ? {} : { smClockMhz }),
    ...(memoryUsedBytes === null ? {} : { memoryUsedBytes: BigInt(memoryUsedBytes) }),
  };
}
