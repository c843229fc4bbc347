import { describe, expect, test } from "vitest";
import type { CommandSpec, Spec } from "../spec/spec.ts";
import {
  FULL,
  jobNamed,
  jobsOf,
  LIMITS,
  MARKUPSAFE,
  BENCH,
  PROFILE,
  planned,
  pythons,
  specWith,
  torches,
} from "./testing.ts";

const COMMAND: CommandSpec = {
  name: "lint",
  command: "ruff check .",
  requires: ["ruff"],
  files: ["."],
  env: { B: "1", A: "2" },
  secrets: [],
  container: null,
  agents: null,
  limits: LIMITS,
};

describe("tests", () => {
  const requirementIn = (spec: Spec, cell: string) => jobNamed(planned({ spec }), `test-${cell}`).requirement;
  const cuda = specWith({ os: ["ubuntu-22.04"], torch: torches("2.1"), cuda: ["12.1"], gpu: ["none", "9.0"] });

  test("in a cell with CUDA need a GPU of that compute capability whose driver runs it, and the cell's release", () => {
    expect(requirementIn(cuda, "cp310-torch2.1.2-cu121-ubuntu-22.04-sm_90")).toEqual({
      kind: "test",
      platform: "linux-x86_64",
      os: "ubuntu-22.04",
      python: "3.10",
      torch: true,
      cudaToolkit: null,
      gpu: { computeCapability: "9.0", model: null, cuda: "12.1", driver: null },
      container: false,
    });
  });

  test("need the model and the driver that the cell names", () => {
    const spec = specWith({ torch: torches("2.1"), cuda: ["12.1"], gpu: ["H100"], driver: ["535"] });
    expect(requirementIn(spec, "cp310-torch2.1.2-cu121-linux-x86_64-H100-driver535")).toMatchObject({
      os: null,
      gpu: { computeCapability: "9.0", model: "H100", cuda: "12.1", driver: "535" },
    });
  });

  test("need no GPU in a cell without one, without CUDA, or where the spec says so", () => {
    expect(requirementIn(cuda, "cp310-torch2.1.2-cu121-ubuntu-22.04-nogpu").gpu).toBeNull();
    const cpu = specWith({ torch: torches("2.1"), cuda: ["cpu"] });
    expect(requirementIn(cpu, "cp310-torch2.1.2-cpu-linux-x86_64").gpu).toBeNull();
    const content = { ...cuda, test: { ...cuda.test, gpu: "none" as const } };
    expect(requirementIn(content, "cp310-torch2.1.2-cu121-ubuntu-22.04-sm_90").gpu).toBeNull();
    expect(requirementIn(specWith(), "cp310-linux-x86_64").gpu).toBeNull();
  });

  test("have the torch of their cell beside the wheel", () => {
    const spec = specWith({ torch: torches("2.1"), cuda: ["12.1", "cpu"] });
    const tests = jobsOf(planned({ spec }), "test");
    expect(tests.map(({ torch }) => torch)).toEqual(
      expect.arrayContaining([
        { version: "2.1.2", variant: "cu121" },
        { version: "2.1.2", variant: "cpu" },
      ]),
    );
    expect(jobsOf(planned(), "test").map(({ torch }) => torch)).toEqual([null]);
  });

  test("with equal requirements share one object", () => {
    const spec = specWith({ own: [{ name: "backend", values: ["a", "b", "c"] }] });
    expect(new Set(jobsOf(planned({ spec }), "test").map(({ requirement }) => requirement)).size).toBe(1);
  });
});

describe("keys", () => {
  const spec = specWith({ torch: torches("2.1"), cuda: ["12.1"], own: [{ name: "backend", values: ["a", "b"] }] });

  test("of tests that differ by one of the user's axes differ, though they share the build", () => {
    const { jobs } = planned({ spec });
    expect(new Set(jobs.map(({ key }) => key)).size).toBe(3);
  });

  test("do not depend on what else is in the matrix", () => {
    const name = "test-cp310-torch2.1.2-cu121-linux-x86_64-backend=a";
    const alone = specWith({ torch: torches("2.1"), cuda: ["12.1"], own: [{ name: "backend", values: ["a"] }] });
    expect(jobNamed(planned({ spec: alone }), name).key).toBe(jobNamed(planned({ spec }), name).key);
  });

  test("of measurements cover what they measure", () => {
    const keysOf = (command: string) =>
      jobsOf(planned({ spec: { ...spec, bench: { ...BENCH, command } } }), "bench").map(({ key }) => key);
    expect(keysOf("one")).not.toEqual(keysOf("two"));
    const sources = ["ab", "cd"].map((hex) => planned({ spec: { ...spec, checks: [COMMAND] }, sourceSha256: hex }));
    expect(sources[0]?.jobs[0]?.key).not.toBe(sources[1]?.jobs[0]?.key);
  });
});

describe("checks", () => {
  const spec = specWith(
    { os: ["ubuntu-22.04", "macos-14"], python: pythons("3.10", "3.12") },
    { checks: [COMMAND, { ...COMMAND, name: "types", command: "mypy ." }] },
  );

  test("run once each, first of all, with the newest touchstone's Python on its platform", () => {
    const { jobs } = planned({ spec });
    expect(jobs.slice(0, 2)).toMatchObject([
      {
        kind: "check",
        name: "check-lint",
        cell: "cp312-ubuntu-22.04",
        needs: [],
        touchstone: true,
        requirement: { kind: "check", platform: "linux-x86_64", os: null, python: "3.12", torch: false, gpu: null },
        env: { A: "2", B: "1" },
        requires: ["ruff"],
        command: "ruff check .",
        files: ["."],
      },
      { name: "check-types" },
    ]);
    expect(jobsOf(planned({ spec }), "check")).toHaveLength(2);
  });

  test("run only in a release whose profile asks for them", () => {
    const quick = { ...spec, profiles: { ...spec.profiles, patch: { ...FULL, jobs: ["scan" as const] } } };
    expect(jobsOf(planned({ spec: quick, release: "patch" }), "check")).toEqual([]);
    expect(jobsOf(planned({ spec: quick, release: "major" }), "check")).toHaveLength(2);
  });
});

test("a scan runs once for each distinct wheel, whatever number of cells the wheel serves", () => {
  const spec = specWith(
    { python: pythons("3.10", "3.12"), own: [{ name: "backend", values: ["a", "b"] }] },
    { scans: [{ ...COMMAND, name: "twine" }] },
  );
  expect(jobsOf(planned({ spec }), "scan").map(({ name, wheelOf, needs }) => [name, wheelOf, needs])).toEqual([
    ["scan-twine-cp312-linux-x86_64", "build-cp312-linux-x86_64", ["build-cp312-linux-x86_64"]],
    ["scan-twine-cp310-linux-x86_64", "build-cp310-linux-x86_64", ["build-cp310-linux-x86_64"]],
  ]);
});

describe("measurements", () => {
  const when = { cuda: { kind: "any-of" as const, values: ["12.1"] } };
  const spec = specWith(
    { torch: torches("2.1"), cuda: ["cpu", "12.1"] },
    { bench: { ...BENCH, when }, profile: PROFILE, test: { ...specWith().test, gpu: "none" } },
  );

  test("run in every cell that their condition admits", () => {
    const { jobs } = planned({ spec });
    const measured = jobs.filter(({ kind }) => kind === "bench" || kind === "profile").map(({ name }) => name);
    expect(measured.toSorted()).toEqual([
      "bench-cp310-torch2.1.2-cu121-linux-x86_64",
      "profile-cp310-torch2.1.2-cpu-linux-x86_64",
      "profile-cp310-torch2.1.2-cu121-linux-x86_64",
    ]);
  });

  test("have conditions that mean by 2.1 what the axis means by it", () => {
    const at = { torch: { kind: "any-of" as const, values: ["2.1"] } };
    const two = specWith({ torch: torches("2.1", "2.2"), cuda: ["cpu"] }, { bench: { ...BENCH, when: at } });
    const benches = jobsOf(planned({ spec: two }), "bench");
    expect(benches.map(({ name }) => name)).toEqual(["bench-cp310-torch2.1.2-cpu-linux-x86_64"]);
  });

  test("need the wheel and that its test has passed, and a GPU even where tests do without", () => {
    const cell = "cp310-torch2.1.2-cu121-linux-x86_64";
    expect(jobNamed(planned({ spec }), `bench-${cell}`)).toMatchObject({
      wheelOf: `build-${cell}`,
      needs: [`build-${cell}`, `test-${cell}`],
      torch: { version: "2.1.2", variant: "cu121" },
      requirement: { kind: "bench", gpu: { cuda: "12.1" } },
    });
    expect(jobNamed(planned({ spec }), `test-${cell}`).requirement.gpu).toBeNull();
  });
});

test("a candidate whose version only the wheel can tell has keys of the version that the spec states", () => {
  const unversioned = { ...MARKUPSAFE, version: null };
  const stated = planned({ spec: specWith({}, { version: "3.0.2" }), candidate: unversioned });
  expect(stated.jobs.map(({ key }) => key)).toEqual(planned().jobs.map(({ key }) => key));
  expect(planned({ candidate: unversioned }).jobs[0]?.key).not.toBe(stated.jobs[0]?.key);
});
