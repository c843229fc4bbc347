import {
  results,
  type BaselineFile,
  type GpuStamp,
  type KernelBinary,
  type MeasuredProcess,
  type MeasureReport,
} from "@kiln/proto";
import { BadMessageError } from "./bad-message.ts";

/** Warm-ups, and pairs with those that are measured again. */
const PROCESSES_MAX = 100;
const FILES_MAX = 16;
const KERNELS_MAX = 100;
/** Of one kernel. */
const LAUNCHES_MAX = 1_000;
const TEXT_CHARS_MAX = 300;

const ARMS: Readonly<Partial<Record<results.Arm, MeasuredProcess["arm"]>>> = {
  [results.Arm.BASELINE]: "baseline",
  [results.Arm.CANDIDATE]: "candidate",
};

export function parseMeasureReport(report: results.MeasureReport): MeasureReport {
  const { baseline, processes, baselineFile, noBaseline } = report;
  if (processes.length > PROCESSES_MAX) {
    throw new BadMessageError(`a report has ${processes.length} processes; at most ${PROCESSES_MAX} are taken`);
  }
  return {
    kind: "measure",
    baseline: baseline === "" ? null : text(baseline),
    ...(baselineFile ? { baselineFile: parseBaselineFile(baselineFile) } : {}),
    ...(noBaseline
      ? { noBaseline: { reason: text(noBaseline.reason), unknownProject: noBaseline.unknownProject } }
      : {}),
    processes: processes.map(parseProcess),
  };
}

function parseBaselineFile({ run, commit, filename, sha256 }: results.BaselineFile): BaselineFile {
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new BadMessageError(`a baseline's file has no SHA-256: ${text(sha256)}`);
  const known = (value: string): string | null => (value === "" ? null : text(value));
  return { run: known(run), commit: known(commit), filename: text(filename), sha256 };
}

function parseProcess(process: results.MeasuredProcess): MeasuredProcess {
  const { pair, exitCode, durationMs, stamp, files, disturbed } = process;
  const arm = ARMS[process.arm];
  if (!arm) throw new BadMessageError(`a measured process has the unknown arm ${process.arm}`);
  return {
    ...{ arm, pair, exitCode, durationMs },
    stamp: { gpu: stamp?.gpu ? parseGpu(stamp.gpu) : null, foreignCpu: reading(stamp?.foreignCpu) },
    files: files.slice(0, FILES_MAX).map(text),
    disturbed: text(disturbed),
    ...(process.kernels.length > 0 ? { kernels: process.kernels.slice(0, KERNELS_MAX).map(parseKernel) } : {}),
    ...(process.kernelsUnknown === "" ? {} : { kernelsUnknown: text(process.kernelsUnknown) }),
  };
}

function parseKernel({ launches, architecture, sha256, file }: results.KernelBinary): KernelBinary {
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new BadMessageError("a profiled kernel has no SHA-256");
  return {
    launches: launches.slice(0, LAUNCHES_MAX),
    ...{ architecture: text(architecture), sha256, file: text(file) },
  };
}

function parseGpu(stamp: results.GpuStamp): GpuStamp {
  const { smClockMhzBefore: before, smClockMhzAfter: after } = stamp;
  return {
    uuid: text(stamp.uuid),
    driver: text(stamp.driver),
    smClockMhz: before === undefined || after === undefined ? null : { before, after },
    defaultSmClockMhz: stamp.smClockMhzDefault ?? null,
    temperatureC: stamp.temperatureCelsius ?? null,
    powerW: reading(stamp.powerWatts),
    throttleReasons: stamp.throttleReasons.slice(0, FILES_MAX).map(text),
    otherProcesses: stamp.otherProcesses ?? null,
  };
}

/** What is no number was not read. */
function reading(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) && value >= 0 ? value : null;
}

function text(value: string): string {
  return value.slice(0, TEXT_CHARS_MAX);
}
