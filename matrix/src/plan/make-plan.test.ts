import { describe, expect, test } from "vitest";
import { parseSpec } from "../spec/parse-spec.ts";
import { plan } from "./make-plan.ts";
import { CELLS_MAX } from "./matrix-size.ts";
import type { PlanInputs } from "./plan-inputs.ts";
import {
  cellNames,
  FARM,
  inputs,
  MARKUPSAFE,
  planned as plannedOf,
  problems as problemsOf,
  specOf,
} from "./testing.ts";

/** The farm decides, as in a kiln.yaml that says nothing. */
const AVAILABLE = specOf("");
const planned = (change: Partial<PlanInputs> = {}) => plannedOf({ spec: AVAILABLE, ...change });
const problems = (change: Partial<PlanInputs>) => problemsOf({ spec: AVAILABLE, ...change });

/** In the order of the axes' values: touchstones come first in the plan, which other tests are about. */
function inOrder(names: readonly string[]): string[] {
  return names.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

describe("the matrix", () => {
  test("available is what the agents have, in the order of versions", () => {
    // The touchstones are 3.13 and 3.9, the rest is in the order of versions.
    expect(cellNames(planned())).toEqual([
      "cp313-linux-x86_64",
      "cp39-linux-x86_64",
      "cp310-linux-x86_64",
      "cp313t-linux-x86_64",
    ]);
    expect(planned().axes).toEqual([
      {
        name: "python",
        values: ["2.7", "3.7", "3.8", "3.9", "3.10", "3.13", "3.13t"],
        resolved: { available: "2.7, 3.7, 3.8, 3.9, 3.10, 3.13, 3.13t" },
      },
      { name: "os", values: ["linux-x86_64"], resolved: { available: "linux-x86_64" } },
    ]);
  });

  test("what is left out says which rule, why, and by which document", () => {
    expect(planned().excluded.map(({ name, rule, reason, source }) => [name, rule, reason, source])).toEqual([
      [
        "cp27-linux-x86_64",
        "not-supported",
        "Kiln plans for CPython 3.8 to 3.15, not for 2.7",
        "Kiln's table of platforms and Pythons",
      ],
      [
        "cp37-linux-x86_64",
        "not-supported",
        "Kiln plans for CPython 3.8 to 3.15, not for 3.7",
        "Kiln's table of platforms and Pythons",
      ],
      ["cp38-linux-x86_64", "requires-python", "markupsafe 3.0.2 requires Python >=3.9", "Requires-Python in PKG-INFO"],
    ]);
  });

  test("a platform that lacks a Python of another one is told for that cell", () => {
    const farm = [...FARM, { platform: "macos-arm64", feature: "3.13" }];
    const { cells, excluded } = planned({ farm });
    expect(cells.map(({ name }) => name)).toContain("cp313-macos-arm64");
    expect(excluded.find(({ name }) => name === "cp310-macos-arm64")).toMatchObject({
      rule: "not-available",
      reason: "no agent on macos-arm64 has CPython 3.10",
    });
  });

  test("Pythons that are named are planned whether or not an agent has them", () => {
    const spec = specOf('matrix: {os: [windows-x86_64, linux-aarch64], python: ["3.14t", "3.9"]}');
    expect(inOrder(cellNames(planned({ spec, farm: [] })))).toEqual([
      "cp39-linux-aarch64",
      "cp39-windows-x86_64",
      "cp314t-linux-aarch64",
      "cp314t-windows-x86_64",
    ]);
  });

  test("a specifier takes every known Python that it admits, free-threaded ones excepted", () => {
    const spec = specOf('matrix: {os: [linux-x86_64], python: ">=3.12"}');
    expect(inOrder(cellNames(planned({ spec, farm: [] })))).toEqual([
      "cp312-linux-x86_64",
      "cp313-linux-x86_64",
      "cp314-linux-x86_64",
      "cp315-linux-x86_64",
    ]);
  });

  test("a platform that Kiln does not know is excluded, not lost", () => {
    const { excluded } = planned({ farm: [...FARM, { platform: "haiku-x86_64", feature: "3.13" }] });
    expect(excluded.find(({ name }) => name === "cp313-haiku-x86_64")?.rule).toBe("not-supported");
  });
});

describe("the jobs", () => {
  const spec = specOf(
    "build: {env: {B: 1, A: 2}, config-settings: {x: y}, timeout: 5m}\n" +
      "test: {requires: [pytest], extras: [fast], files: [tests], command: pytest, env: {C: d}, log-limit: 1MiB}\n" +
      "retry: {infrastructure: 4}",
  );

  test("are one build and one test of its wheel for each cell, as the spec says", () => {
    const { jobs, infrastructureRetries } = planned({ spec, farm: [{ platform: "linux-x86_64", feature: "3.10" }] });
    expect(infrastructureRetries).toBe(4);
    expect(jobs).toMatchObject([
      {
        kind: "build",
        name: "build-cp310-linux-x86_64",
        cell: "cp310-linux-x86_64",
        needs: [],
        requirement: { kind: "build", platform: "linux-x86_64", python: "3.10", os: null, gpu: null },
        env: { A: "2", B: "1" },
        configSettings: { x: "y" },
        frontend: "pip",
        checkReproducible: false,
        limits: { timeoutMs: 300_000, logBytesMax: 67_108_864 },
      },
      {
        kind: "test",
        name: "test-cp310-linux-x86_64",
        needs: ["build-cp310-linux-x86_64"],
        wheelOf: "build-cp310-linux-x86_64",
        env: { C: "d" },
        extras: ["fast"],
        requires: ["pytest"],
        files: ["tests"],
        command: "pytest",
        limits: { timeoutMs: 1_800_000, logBytesMax: 1_048_576 },
      },
    ]);
  });

  const keysOf = (change: Partial<PlanInputs>) => {
    const farm = [{ platform: "linux-x86_64", feature: "3.10" }];
    const [build, tested] = planned({ spec, farm, ...change }).jobs;
    return { build: build?.key, test: tested?.key };
  };
  const before = keysOf({});

  test("have keys that are digests", () => {
    expect(before.build).toMatch(/^[0-9a-f]{64}$/);
    expect(before.test).toMatch(/^[0-9a-f]{64}$/);
    expect(before.test).not.toBe(before.build);
  });

  test.for([
    ["the source", { sourceSha256: "cd".repeat(32) }],
    ["the name", { candidate: { ...MARKUPSAFE, name: "other" } }],
    ["the version", { candidate: { ...MARKUPSAFE, version: "3.0.3" } }],
    ["the Python", { farm: [{ platform: "linux-x86_64", feature: "3.11" }] }],
    ["the platform", { farm: [{ platform: "macos-arm64", feature: "3.10" }] }],
    ["the build's environment", { spec: { ...spec, build: { ...spec.build, env: { A: "2" } } } }],
    ["a check of its bytes", { spec: { ...spec, build: { ...spec.build, reproducible: "check" } } }],
    ["a frontend", { spec: { ...spec, build: { ...spec.build, frontend: "cibuildwheel" } } }],
    ["a config setting", { spec: { ...spec, build: { ...spec.build, configSettings: {} } } }],
    ["a limit of the build", { spec: { ...spec, build: { ...spec.build, limits: spec.test.limits } } }],
  ] as const)("%s changes both keys", ([, change]) => {
    const after = keysOf(change);
    expect(after.build).not.toBe(before.build);
    expect(after.test).not.toBe(before.test);
  });

  test.for([
    ["the test's environment", { env: {} }],
    ["the requirements", { requires: [] }],
    ["the extras", { extras: [] }],
    ["the command", { command: null }],
    ["the files", { files: [] }],
    ["a limit of the test", { limits: { timeoutMs: 1000, logBytesMax: 1024 } }],
  ] as const)("%s changes the test's key only", ([, change]) => {
    const after = keysOf({ spec: { ...spec, test: { ...spec.test, ...change } } });
    expect(after.build).toBe(before.build);
    expect(after.test).not.toBe(before.test);
  });

  test("what cannot change a job's end does not change its key", () => {
    expect(keysOf({ candidate: { ...MARKUPSAFE, factsFrom: "pyproject.toml", requiresPython: null } })).toEqual(before);
    expect(keysOf({ spec: { ...spec, retry: { infrastructure: 0 } } })).toEqual(before);
  });
});

describe("the version", () => {
  const spec = specOf("version: 3.0.2");

  test.for(["3.0.2", "v3.0.2", "3.0.2.0"])("%s is 3.0.2 by PEP 440", (version) => {
    expect(plan(inputs({ spec, candidate: { ...MARKUPSAFE, version } })).ok).toBe(true);
  });

  test.for(["3.0.3", "3.0.2rc1", "3.0.2+local", "nonsense"])(
    "%s is not 3.0.2, and the spec's line is told",
    (version) => {
      const text = "kiln: 1\nversion:   3.0.2\n";
      const parsed = parseSpec(text, "kiln.yaml");
      if (!parsed.ok) throw new Error("the spec is good");
      expect(problems({ ...parsed, candidate: { ...MARKUPSAFE, version } })).toMatchObject([
        { file: "kiln.yaml", line: 2, column: 12, path: "version" },
      ]);
    },
  );

  test("that only the wheel can tell has to be the one that the spec states", () => {
    expect(planned({ spec, candidate: { ...MARKUPSAFE, version: null } }).candidate.version).toBe("3.0.2");
    expect(planned({ candidate: { ...MARKUPSAFE, version: null } }).candidate.version).toBeNull();
  });
});

describe("a plan that cannot be made says why", () => {
  test("no agent is there", () => {
    const [problem] = problems({ farm: [] });
    expect(problem?.path).toBe("matrix.os");
    expect(problem?.message).toContain("no agent is online");
    expect(problem?.suggestion).not.toBe("");
  });

  test("everything is excluded", () => {
    const [problem] = problems({ candidate: { ...MARKUPSAFE, requiresPython: ">=3.14" } });
    expect(problem?.message).toContain("all 7 cells are excluded");
    expect(problem?.message).toContain("markupsafe 3.0.2 requires Python >=3.14");
  });

  test("a platform is named for which nothing is left, though others have cells", () => {
    const parsed = parseSpec("matrix:\n  os: [linux-x86_64, macos-arm64]\n", "kiln.yaml");
    if (!parsed.ok) throw new Error("the spec is good");
    expect(problems(parsed)).toMatchObject([{ line: 2, column: 7, path: "matrix.os" }]);
    expect(problems(parsed)[0]?.message).toContain("nothing is left to build on macos-arm64: ");
    const farm = [...FARM, { platform: "macos-arm64", feature: "3.8" }];
    expect(problems({ ...parsed, farm })[0]?.message).toContain("requires Python >=3.9");
  });

  test("Requires-Python is no specifier", () => {
    const [problem] = problems({ candidate: { ...MARKUPSAFE, requiresPython: ">=3.6.*" } });
    expect(problem?.message).toContain('PKG-INFO has Requires-Python ">=3.6.*"');
  });

  test("a mismatch of versions and an empty matrix are told together", () => {
    const spec = specOf("version: 9.9\nmatrix: {os: [macos-arm64]}");
    expect(problems({ spec }).map(({ path }) => path)).toEqual(["version", "matrix.os"]);
  });

  test("too many cells are refused before they are made, with the axes", () => {
    const wide = Array.from({ length: 400 }, (_, index) => ({ platform: `os-${index}`, feature: `3.${index}` }));
    expect(400 * 400).toBeGreaterThan(CELLS_MAX);
    const [problem] = problems({ farm: wide });
    expect(problem?.message).toContain("160000 cells: 400 of os × 400 of python");
  });
});
