import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { agent as wire } from "@kiln/proto";
import type { Gpu, Probe } from "../../domain/gpu/gpu.ts";
import type { Inventory } from "../../ports/inventory.ts";

const ANSWERS: Record<Probe["answer"], wire.Probe_Answer> = {
  yes: wire.Probe_Answer.YES,
  no: wire.Probe_Answer.NO,
  unknown: wire.Probe_Answer.UNKNOWN,
};

/** An inventory as its message. */
export function inventoryMessage(inventory: Inventory): wire.Inventory {
  return create(wire.InventorySchema, {
    os: inventory.os,
    arch: inventory.arch,
    osTitle: inventory.osTitle,
    libc: inventory.libc,
    kernel: inventory.kernel,
    cpuModel: inventory.cpuModel,
    cpuCores: inventory.cpuCores,
    memoryBytes: BigInt(inventory.memoryBytes),
    diskFreeBytes: BigInt(inventory.diskFreeBytes),
    pythons: inventory.pythons.map(({ feature, version, path, foundBy, platform }) => ({
      feature,
      version,
      path,
      foundBy,
      platform,
    })),
    osRelease: inventory.osRelease,
    gpus: inventory.gpus.map(gpuMessage),
    cudaToolkits: inventory.cudaToolkits.map((toolkit) => ({ ...toolkit })),
    problems: inventory.problems.map(({ subject, message }) => ({ subject, message })),
    hostId: inventory.hostId,
  });
}

function gpuMessage(gpu: Gpu): MessageInitShape<typeof wire.GpuSchema> {
  const { eccCorrected, eccUncorrected, smClockMaxMhz, memoryClockMaxMhz, powerLimitWatts, ...rest } = gpu;
  return {
    ...rest,
    memoryBytes: BigInt(gpu.memoryBytes),
    migSlices: gpu.migSlices.map((slice) => ({ ...slice, memoryBytes: BigInt(slice.memoryBytes) })),
    processes: gpu.processes.map((process) => ({ ...process, memoryBytes: BigInt(process.memoryBytes) })),
    clocksLockable: probeMessage(gpu.clocksLockable),
    countersReadable: probeMessage(gpu.countersReadable),
    ...(eccCorrected === null ? {} : { eccCorrected: BigInt(eccCorrected) }),
    ...(eccUncorrected === null ? {} : { eccUncorrected: BigInt(eccUncorrected) }),
    ...(smClockMaxMhz === null ? {} : { smClockMaxMhz }),
    ...(memoryClockMaxMhz === null ? {} : { memoryClockMaxMhz }),
    ...(powerLimitWatts === null ? {} : { powerLimitWatts }),
  };
}

function probeMessage({ answer, detail }: Probe): MessageInitShape<typeof wire.ProbeSchema> {
  return { answer: ANSWERS[answer], detail };
}
