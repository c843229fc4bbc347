import { mibToBytes, numberOf, sickWords } from "./smi-value.ts";
import type { GpuReading } from "./gpu.ts";

/**
 * Columns of nvidia-smi's query interface (`nvidia-smi --help-query-gpu`) that
 * every driver since 418 knows, in the order that `parseGpus` reads. A column
 * that a driver does not know fails the whole query.
 */
export const GPU_QUERY = ["uuid", "name", "memory.total", "driver_version", "pci.bus_id"] as const;
/** Drivers before 510 do not know it. */
export const CAPABILITY_QUERY = ["uuid", "compute_cap"] as const;
/** What a heartbeat carries. */
export const READINGS_QUERY = ["uuid", "utilization.gpu", "temperature.gpu", "clocks.sm", "memory.used"] as const;

/** Arguments of a query. */
export function queryArguments(columns: readonly string[]): readonly string[] {
  return [`--query-gpu=${columns.join(",")}`, "--format=csv,noheader,nounits"];
}

/** What the main query says of one GPU. */
export interface ListedGpu {
  readonly uuid: string;
  readonly model: string;
  readonly memoryBytes: number;
  readonly driver: string;
  readonly pciBusId: string;
}

export interface GpuListing {
  readonly gpus: readonly ListedGpu[];
  /** Lines that are no sound GPU, as they came, each at most 200 characters. */
  readonly others: readonly string[];
}

/** Reads the output of the main query: a line for each GPU, memory in MiB. */
export function parseGpus(output: string): GpuListing {
  const gpus: ListedGpu[] = [];
  const others: string[] = [];
  for (const line of linesOf(output)) {
    const fields = line.split(",").map((field) => field.trim());
    const [uuid = "", model = "", memory = "", driver = "", pciBusId = ""] = fields;
    const memoryBytes = mibToBytes(memory);
    const isSound =
      fields.length === GPU_QUERY.length &&
      /^GPU-[\w-]+$/.test(uuid) &&
      memoryBytes !== null &&
      /^\d+(?:\.\d+)+$/.test(driver) &&
      sickWords(line) === null;
    if (isSound) gpus.push({ uuid, model, memoryBytes, driver, pciBusId });
    else others.push(line.slice(0, 200));
  }
  return { gpus, others };
}

/** Compute capabilities by uuid, "9.0", of those GPUs that have one in the output. */
export function parseCapabilities(output: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of linesOf(output)) {
    const [uuid = "", capability = ""] = line.split(",").map((field) => field.trim());
    if (/^\d+\.\d+$/.test(capability)) found.set(uuid, capability);
  }
  return found;
}

/** Readings of the GPUs that the output has a line of; what is no number is null. */
export function parseReadings(output: string): readonly GpuReading[] {
  return linesOf(output).flatMap((line): GpuReading[] => {
    const fields = line.split(",").map((field) => field.trim());
    const [uuid = "", utilization, temperature, clock, memory] = fields;
    if (fields.length !== READINGS_QUERY.length || !uuid.startsWith("GPU-")) return [];
    return [
      {
        uuid,
        utilizationPercent: numberOf(utilization),
        temperatureCelsius: numberOf(temperature),
        smClockMhz: numberOf(clock),
        memoryUsedBytes: mibToBytes(memory),
      },
    ];
  });
}

function linesOf(output: string): readonly string[] {
  return output
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
