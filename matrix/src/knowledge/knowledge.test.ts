import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gpuValue } from "../known/gpu-value.ts";
import { osTarget } from "../known/os-target.ts";
import { OS_RELEASES } from "../known/os-releases.ts";
import { KNOWN_PYTHONS } from "../known/pythons.ts";
import { KNOWLEDGE, readKnowledge, type KnowledgeFiles } from "./knowledge.ts";
import { DATA } from "./testing.ts";

/** The same JSON with the order of every object's keys and of every list of records turned round. */
function reversed(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return key === "records" ? value.map((item) => reversed(item)).toReversed() : value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, inner]) => [name, reversed(inner, name)]),
  );
}

/** Maps without the order in which they were filled. */
function ordered(value: unknown): unknown {
  if (value instanceof RegExp) return String(value);
  if (value instanceof Map) {
    return [...value.entries()]
      .map(([key, inner]): [string, unknown] => [String(key), ordered(inner)])
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
  }
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, ordered(inner)]));
}

describe("the committed data", () => {
  test("is dated by its newest fact, not by dates to come", () => {
    expect(KNOWLEDGE.version).toBe("2026-10-06");
  });

  test("reads the same whatever the order of records and fields", () => {
    const turned = reversed(DATA) as KnowledgeFiles;
    expect(ordered(readKnowledge(turned))).toEqual(ordered(KNOWLEDGE));
  });

  test("is read in far less time than a person notices", () => {
    const durationsMs = [1, 2, 3, 4, 5].map(() => {
      const started = performance.now();
      readKnowledge(DATA);
      return performance.now() - started;
    });
    // The best of five: the others may have shared their processor.
    expect(Math.min(...durationsMs)).toBeLessThan(30);
  });

  test("has a document for every fact that a record cites, and uses every document", () => {
    for (const { documents, records } of Object.values(DATA)) {
      const cited = new Set(
        records.flatMap(({ sources }) => Object.values(sources as Record<string, string[]>).flat()),
      );
      expect([...cited].toSorted()).toEqual(Object.keys(documents).toSorted());
    }
  });
});

describe("every record is reachable", () => {
  test.for(DATA.gpus.records.map(({ name }) => name))("GPU %s by its name and by what drivers call it", (name) => {
    expect(gpuValue(name)).toBe(name);
    expect(gpuValue(name.toLowerCase())).toBe(name);
    expect(gpuValue(`NVIDIA ${name}`)).toBe(name);
  });

  test("every distribution as a value of the os axis, with its glibc", () => {
    const distributions = DATA.manylinux.records.filter(({ kind }) => kind === "distro");
    expect(distributions.length).toBeGreaterThan(60);
    for (const { name, glibc } of distributions) expect([name, osTarget(name)?.glibc]).toEqual([name, glibc]);
    expect(OS_RELEASES.length).toBeGreaterThan(distributions.length);
  });

  test("every CPython that has a frozen ABI and that agents can run", () => {
    const features = new Set(KNOWN_PYTHONS.map(({ feature }) => feature));
    const left = DATA.pythons.records.filter(({ version }) => !features.has(version)).map(({ version }) => version);
    expect(left).toEqual(["3.7", "3.16"]);
  });

  test("every torch release and toolkit under its version", () => {
    expect([...KNOWLEDGE.torchByVersion.keys()].toSorted()).toEqual(
      DATA.pytorchReleases.records.map(({ version }) => version).toSorted(),
    );
    expect([...KNOWLEDGE.toolkitsByFeature.values()].flat().length).toBe(DATA.cudaToolkits.records.length);
  });
});

describe("malformed data", () => {
  /** The committed data with one value of one record replaced. */
  function withFault(file: keyof typeof DATA, name: string, field: string, value: unknown): KnowledgeFiles {
    const records = (DATA[file].records as readonly Record<string, unknown>[]).map((record) =>
      record["version"] === name || record["name"] === name ? { ...record, [field]: value } : record,
    );
    return { ...DATA, [file]: { ...DATA[file], records } };
  }

  test.for([
    [
      "pytorchReleases",
      "2.1.0",
      "version",
      "2.1",
      "matrix/data/pytorch-releases.json: record 2.1: version must be a version such as 2.1.2",
    ],
    [
      "pytorchReleases",
      "2.1.0",
      "index_wheels",
      { cu999x: {} },
      "matrix/data/pytorch-releases.json: record 2.1.0, index_wheels: cu999x must be named for a variant of PyTorch",
    ],
    [
      "pytorchReleases",
      "2.1.0",
      "rocm",
      null,
      "matrix/data/pytorch-releases.json: record 2.1.0: rocm must be a list of texts",
    ],
    ["pytorchReleases", "2.1.0", "version", "2.1.1", "matrix/data/pytorch-releases.json: two records are named 2.1.1"],
    [
      "cudaToolkits",
      "12.1.0",
      "host_gcc_max",
      "12",
      "matrix/data/cuda-toolkits.json: record 12.1.0: host_gcc_max must be a number",
    ],
    [
      "gpus",
      "H100",
      "compute_capability",
      "nine",
      "matrix/data/gpus.json: record H100: compute_capability must be a compute capability such as 9.0",
    ],
    ["gpus", "H100", "match", "(", "matrix/data/gpus.json: record H100: match must be a regular expression"],
    [
      "manylinux",
      "ubuntu-22.04",
      "glibc",
      2.35,
      "matrix/data/manylinux.json: record ubuntu-22.04: glibc must be a text that is not empty",
    ],
    [
      "manylinux",
      "ubuntu-22.04",
      "sources",
      { glibc: ["hearsay"] },
      "matrix/data/manylinux.json: record ubuntu-22.04, sources: glibc must be known documents, not hearsay",
    ],
    [
      "pythons",
      "3.12",
      "sources",
      {},
      "matrix/data/pythons.json: record 3.12: sources must be a table with at least one topic",
    ],
  ] as const)("in %s, record %s, field %s is refused by name", ([file, name, field, value, message]) => {
    expect(() => readKnowledge(withFault(file, name, field, value))).toThrow(message);
  });

  test("of any kind never passes for an object without records", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (content) => {
        expect(() => readKnowledge({ ...DATA, gpus: content })).toThrow("matrix/data/gpus.json");
      }),
      { numRuns: 100 },
    );
  });
});
