import { compareNumbers } from "./number-order.ts";
import { readCitations, readFile, type Citation, type DataFile, type DataRecord } from "./record.ts";

/** Driver versions, by the system that the driver is for; null where no document that was read says it. */
export interface DriverByOs {
  readonly linux: string | null;
  readonly windows: string | null;
}

/** One release of the CUDA toolkit. */
export interface CudaToolkit {
  /** "12.1.1". */
  readonly version: string;
  /** "12.1". */
  readonly feature: string;
  /** The driver that comes with it and runs all of it. */
  readonly ownDriver: DriverByOs;
  /** The oldest driver that runs it by minor version compatibility: without PTX JIT and features that need a newer driver. */
  readonly oldestDriver: DriverByOs;
  /** Compute capabilities that it compiles for; null when not known. */
  readonly capabilities: readonly string[] | null;
  /** Newest major version of gcc that nvcc accepts as host compiler. */
  readonly hostGccMax: number | null;
  /** `x86_64`, `aarch64`; null when not known. */
  readonly linuxArchs: readonly string[] | null;
  readonly notes: readonly string[];
  readonly citations: ReadonlyMap<string, Citation>;
}

/** Oldest first. */
export function readToolkits(file: DataFile, asOf: string): readonly CudaToolkit[] {
  const { documents, records } = readFile(file, "version");
  return records
    .map((record) => ({
      version: record.matching("version", /^\d+\.\d+\.\d+$/, "a version such as 12.1.1"),
      feature: record.matching("minor", /^\d+\.\d+$/, "a version such as 12.1"),
      ownDriver: drivers(record.partOrNull("toolkit_driver")),
      oldestDriver: drivers(record.partOrNull("min_driver_minor_version_compat")),
      capabilities: record.partOrNull("sm")?.texts("list").toSorted(compareNumbers) ?? null,
      hostGccMax: record.numberOrNull("host_gcc_max"),
      linuxArchs: record.textsOrNull("linux_archs")?.toSorted() ?? null,
      notes: record.textsOrNull("notes") ?? [],
      citations: readCitations(record, documents, asOf),
    }))
    .toSorted((a, b) => compareNumbers(a.version, b.version));
}

function drivers(record: DataRecord | null): DriverByOs {
  return { linux: record?.textOrNull("linux") ?? null, windows: record?.textOrNull("windows") ?? null };
}
