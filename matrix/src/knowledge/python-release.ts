import { compareNumbers } from "./number-order.ts";
import { readCitations, readFile, type Citation, type DataFile } from "./record.ts";

export interface PythonRelease {
  /** Feature version, "3.12". */
  readonly version: string;
  /** Newest release when the data was taken, "3.12.13"; null before the first. */
  readonly newest: string | null;
  /** Its ABI is frozen: it is released, or its first release candidate is out. */
  readonly abiFrozen: boolean;
  readonly freeThreaded: boolean;
  readonly citation: Citation;
}

/** Oldest first. */
export function readPythons(file: DataFile, asOf: string): readonly PythonRelease[] {
  const { documents, records } = readFile(file, "version");
  return records
    .map((record) => {
      const citations = [...readCitations(record, documents, asOf).entries()].toSorted(([a], [b]) => (a < b ? 1 : -1));
      return {
        version: record.matching("version", /^3\.\d+$/, "a version such as 3.12"),
        newest: record.textOrNull("latest"),
        abiFrozen: record.text("rc1_state") === "actual",
        freeThreaded: record.has("free_threaded"),
        citation: {
          source: citations.map(([, { source }]) => source).join("; "),
          asOf: citations.map(([, { asOf: date }]) => date).toSorted()[0] ?? asOf,
        },
      };
    })
    .toSorted((a, b) => compareNumbers(a.version, b.version));
}
