import { agent as wire } from "@kiln/proto";
import type { GpuRow, ProbeRow } from "../../domain/rows.ts";
import { BadMessageError } from "./bad-message.ts";

const SLICES_MAX = 64;
/** More are not told: they are for people to look at. */
const PROCESSES_MAX = 100;
const TEXT_CHARS_MAX = 500;

/** Throws BadMessageError with what is wrong. */
export function parseGpu(gpu: wire.Gpu): GpuRow {
  if (gpu.migSlices.length > SLICES_MAX) throw new BadMessageError(`${gpu.uuid} has more than ${SLICES_MAX} slices`);
  return {
    uuid: deviceId(gpu.uuid),
    model: text(gpu.model),
    computeCapability: text(gpu.computeCapability),
    memoryBytes: Number(gpu.memoryBytes),
    driver: text(gpu.driver),
    cudaDriver: text(gpu.cudaDriver),
    cudaMinorCompatible: text(gpu.cudaMinorCompatible),
    migMode: text(gpu.migMode),
    migSlices: gpu.migSlices.map(({ uuid, profile, memoryBytes }) => ({
      uuid: deviceId(uuid),
      profile: text(profile),
      memoryBytes: Number(memoryBytes),
    })),
    eccMode: text(gpu.eccMode),
    eccCorrected: count(gpu.eccCorrected),
    eccUncorrected: count(gpu.eccUncorrected),
    smClockMaxMhz: count(gpu.smClockMaxMhz),
    memoryClockMaxMhz: count(gpu.memoryClockMaxMhz),
    powerLimitWatts: count(gpu.powerLimitWatts),
    clocksLockable: parseProbe(gpu.clocksLockable),
    countersReadable: parseProbe(gpu.countersReadable),
    processes: gpu.processes.slice(0, PROCESSES_MAX).map(({ pid, name, memoryBytes }) => ({
      pid,
      name: text(name),
      memoryBytes: Number(memoryBytes),
    })),
    pciBusId: text(gpu.pciBusId),
  };
}

/** It goes into an environment variable of jobs and into tables. */
function deviceId(uuid: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9/_-]{0,99}$/.test(uuid)) return uuid;
  throw new BadMessageError(`${JSON.stringify(uuid.slice(0, 100))} cannot be the UUID of a GPU`);
}

const ANSWERS: Readonly<Record<wire.Probe_Answer, ProbeRow["answer"]>> = {
  [wire.Probe_Answer.UNSPECIFIED]: "unknown",
  [wire.Probe_Answer.YES]: "yes",
  [wire.Probe_Answer.NO]: "no",
  [wire.Probe_Answer.UNKNOWN]: "unknown",
};

function parseProbe(probe: wire.Probe | undefined): ProbeRow {
  return { answer: (probe && ANSWERS[probe.answer]) ?? "unknown", detail: text(probe?.detail ?? "") };
}

function text(value: string): string {
  return value.slice(0, TEXT_CHARS_MAX).toWellFormed();
}

function count(value: bigint | number | undefined): number | null {
  return value === undefined ? null : Number(value);
}
