import { compareNumbers } from "./number-order.ts";
import { readCitations, readFile, type Citation, type DataFile, type DataRecord } from "./record.ts";

/** A manylinux policy of PEP 600. */
export interface ManylinuxPolicy {
  /** "manylinux_2_28". */
  readonly name: string;
  readonly glibc: string;
  /** Older names: "manylinux2014". */
  readonly aliases: readonly string[];
  readonly citation: Citation;
}

/** A release of a Linux distribution as the compliance tables name it, "rhubi-8". */
export interface DistributionRecord {
  readonly name: string;
  /** null: its C library is musl. */
  readonly glibc: string | null;
  readonly citation: Citation;
}

export interface Linux {
  /** Oldest glibc first. */
  readonly policies: readonly ManylinuxPolicy[];
  /** By name. */
  readonly distributions: readonly DistributionRecord[];
}

const GLIBC = /^\d+\.\d+$/;

export function readLinux(file: DataFile, asOf: string): Linux {
  const { documents, records } = readFile(file, "name");
  const cited = records.map((record) => ({ record, citations: readCitations(record, documents, asOf) }));
  const ofKind = (kind: string) => cited.filter(({ record }) => record.text("kind") === kind);
  for (const { record } of cited) {
    if (!["policy", "distro", "musllinux", "cuda-images"].includes(record.text("kind"))) {
      record.fail("kind", "policy, distro, musllinux or cuda-images");
    }
  }
  const policies = ofKind("policy").map(({ record, citations }) => ({
    name: record.matching("name", /^manylinux_\d+_\d+$/, "a policy of PEP 600"),
    glibc: record.matching("glibc", GLIBC, "a version such as 2.28"),
    aliases: record.texts("aliases").toSorted(),
    citation: need(record, citations, "policy"),
  }));
  const listed = ofKind("distro").map(({ record, citations }) => ({
    name: record.text("name"),
    glibc: record.matching("glibc", GLIBC, "a version such as 2.28"),
    citation: need(record, citations, "glibc"),
  }));
  // The images of policies are made of distributions that the compliance table no longer lists (CentOS 7).
  const bases = [...ofKind("policy"), ...ofKind("musllinux")].flatMap(({ record, citations }) => {
    const base = /^([A-Za-z]+) ([\d.]+)$/.exec(record.textOrNull("base_os") ?? "");
    if (!base) return [];
    const name = `${base[1]?.toLowerCase()}-${base[2]}`;
    return [{ name, glibc: record.textOrNull("glibc"), citation: need(record, citations, "images") }];
  });
  const known = new Set(listed.map(({ name }) => name));
  return {
    policies: policies.toSorted((a, b) => compareNumbers(a.glibc, b.glibc)),
    distributions: [...listed, ...bases.filter(({ name }) => !known.has(name))].toSorted((a, b) =>
      a.name < b.name ? -1 : 1,
    ),
  };
}

function need(record: DataRecord, citations: ReadonlyMap<string, Citation>, topic: string): Citation {
  return citations.get(topic) ?? record.fail("sources", `a table with ${topic}`);
}
