import { compareNumbers } from "./number-order.ts";
import { readCitations, readFile, type Citation, type DataFile, type DataRecord } from "./record.ts";

export interface GpuModel {
  /** "H100". */
  readonly name: string;
  /** Found in the names that drivers report, "NVIDIA H100 80GB HBM3". */
  readonly pattern: RegExp;
  /** "9.0". */
  readonly computeCapability: string;
  readonly kind: "datacenter" | "workstation" | "consumer" | "jetson";
  readonly citation: Citation;
}

const KINDS = ["datacenter", "workstation", "consumer", "jetson"] as const;

/** By compute capability, then by name. */
export function readGpus(file: DataFile, asOf: string): readonly GpuModel[] {
  const { documents, records } = readFile(file, "name");
  return records
    .map((record) => ({
      name: record.text("name"),
      pattern: pattern(record),
      computeCapability: record.matching("compute_capability", /^\d+\.\d$/, "a compute capability such as 9.0"),
      kind: KINDS.find((kind) => kind === record.text("class")) ?? record.fail("class", `one of ${KINDS.join(", ")}`),
      citation:
        readCitations(record, documents, asOf).get("compute-capability") ??
        record.fail("sources", "a table with compute-capability"),
    }))
    .toSorted((a, b) => compareNumbers(a.computeCapability, b.computeCapability) || (a.name < b.name ? -1 : 1));
}

function pattern(record: DataRecord): RegExp {
  try {
    return new RegExp(record.text("match"), "i");
  } catch {
    return record.fail("match", "a regular expression");
  }
}
