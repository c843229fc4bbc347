import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KNOWN_PLATFORMS } from "../known/platforms.ts";
import { KNOWN_PYTHONS } from "../known/pythons.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import type { Spec } from "../spec/spec.ts";
import { CELLS_MAX, plan, type PlanInputs } from "./make-plan.ts";
import type { Candidate, FarmPython, Plan } from "./plan.ts";

const digest = (text: string) => createHash("sha256").update(text).digest("hex");

function specOf(text: string): Spec {
  const parsed = parseSpec(text, "kiln.yaml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.spec;
}

const MARKUPSAFE: Candidate = {
  name: "markupsafe",
  version: "3.0.2",
  requiresPython: ">=3.9",
  factsFrom: "PKG-INFO",
};

const FARM: readonly FarmPython[] = ["2.7", "3.7", "3.8", "3.9", "3.10", "3.13", "3.13t"].map((feature) => ({
  platform: "linux-x86_64",
  feature,
}));

function inputs(change: Partial<PlanInputs> = {}): PlanInputs {
  return { spec: specOf(""), candidate: MARKUPSAFE, farm: FARM, sourceSha256: "ab".repeat(32), digest, ...change };
}

function planned(change: Partial<PlanInputs> = {}): Plan {
  const result = plan(inputs(change));
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.plan;
}

function problems(change: Partial<PlanInputs>) {
  const result = plan(inputs(change));
  return result.ok ? [] : result.problems;
}

const cellNames = (of: Plan) => of.cells.map(({ name }) => name);

describe("the matrix", () => {
  test("available is what the agents have, in the order of versions", () => {
    expect(cellNames(planned())).toEqual([
      "cp39-linux-x86_64",
      "cp310-linux-x86_64",
      "cp313-linux-x86_64",
      "cp313t-linux-x86_64",
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
    expect(cellNames(planned({ spec, farm: [] }))).toEqual([
      "cp39-linux-aarch64",
      "cp314t-linux-aarch64",
      "cp39-windows-x86_64",
      "cp314t-windows-x86_64",
    ]);
  });

  test("a specifier takes every known Python that it admits, free-threaded ones excepted", () => {
    const spec = specOf('matrix: {os: [linux-x86_64], python: ">=3.12"}');
    expect(cellNames(planned({ spec, farm: [] }))).toEqual([
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
        platform: "linux-x86_64",
        python: "3.10",
        env: { A: "2", B: "1" },
        configSettings: { x: "y" },
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

describe("for any spec, candidate and farm", () => {
  const feature = fc.constantFrom("2.7", "3.7", "3.16", ...KNOWN_PYTHONS.map((python) => python.feature));
  const farm = fc.array(fc.record({ platform: fc.constantFrom(...KNOWN_PLATFORMS, "haiku-x86_64"), feature }), {
    maxLength: 20,
  });
  const text = fc.string({ maxLength: 8 });
  const record = fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), text, { maxKeys: 4 });
  const limits = fc.record({ timeoutMs: fc.nat(), logBytesMax: fc.nat() });
  const spec: fc.Arbitrary<Spec> = fc.record({
    version: fc.constant(null),
    axes: fc.record({
      os: fc.oneof(fc.constant("available" as const), fc.subarray([...KNOWN_PLATFORMS], { minLength: 1 })),
      python: fc.oneof(
        fc.constant({ kind: "available" as const }),
        fc
          .subarray(
            KNOWN_PYTHONS.map((python) => python.feature),
            { minLength: 1 },
          )
          .map((versions) => ({ kind: "versions" as const, versions })),
        fc.constantFrom(">=3.9", "!=3.10.*", "<3.12").map((specifier) => ({ kind: "specifier" as const, specifier })),
      ),
    }),
    build: fc.record({ env: record, configSettings: record, limits }),
    test: fc.record({
      env: record,
      extras: fc.array(text, { maxLength: 3 }),
      requires: fc.array(text, { maxLength: 3 }),
      command: fc.option(text),
      files: fc.array(text, { maxLength: 3 }),
      limits,
    }),
    retry: fc.record({ infrastructure: fc.nat({ max: 10 }) }),
  });
  const candidate = fc.record({
    name: fc.constantFrom("markupsafe", "lz4"),
    version: fc.option(fc.constantFrom("1.0", "3.0.2")),
    requiresPython: fc.option(fc.constantFrom(">=3.9", ">=3.10,<3.14", "!=3.11.*", "")),
    factsFrom: fc.constant("PKG-INFO"),
  });
  const any = fc.record({ spec, candidate, farm });

  /** The same inputs with every list that has no order, and every mapping, turned around. */
  function turned({
    spec: of,
    candidate: who,
    farm: agents,
  }: {
    spec: Spec;
    candidate: Candidate;
    farm: readonly FarmPython[];
  }) {
    const flip = <T>(map: Readonly<Record<string, T>>) => Object.fromEntries(Object.entries(map).toReversed());
    const { os, python } = of.axes;
    const axes = {
      os: os === "available" ? os : os.toReversed(),
      python: python.kind === "versions" ? { ...python, versions: python.versions.toReversed() } : python,
    };
    const build = { ...of.build, env: flip(of.build.env), configSettings: flip(of.build.configSettings) };
    const again = [...agents, ...agents].toReversed();
    return { spec: { ...of, axes, build, test: { ...of.test, env: flip(of.test.env) } }, candidate: who, farm: again };
  }

  test("the plan is equal to the byte, whatever the order of the farm and of keys", () => {
    fc.assert(
      fc.property(any, (given) => {
        expect(JSON.stringify(plan(inputs(turned(given))))).toBe(JSON.stringify(plan(inputs(given))));
      }),
    );
  });

  test("every cell of the product is planned or excluded, once, with a reason", () => {
    fc.assert(
      fc.property(any, (given) => {
        const result = plan(inputs(given));
        if (!result.ok) {
          expect(result.problems.length).toBeGreaterThan(0);
          return;
        }
        const { cells, excluded } = result.plan;
        const all = [...cells, ...excluded];
        const os = new Set(all.map((cell) => cell.axes.os));
        const python = new Set(all.map((cell) => cell.axes.python));
        expect(all).toHaveLength(os.size * python.size);
        expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
        for (const { rule, reason, source } of excluded) expect([rule, reason, source]).not.toContain("");
        const { axes } = given.spec;
        if (axes.os !== "available") expect([...os].toSorted()).toEqual(axes.os.toSorted());
        if (axes.python.kind === "versions") expect([...python].toSorted()).toEqual(axes.python.versions.toSorted());
        for (const { platform, feature: has } of given.farm) {
          if (axes.python.kind === "available" && os.has(platform)) expect(python).toContain(has);
        }
      }),
    );
  });

  test("every cell has one build and one test, and every test needs exactly that build, which comes before it", () => {
    fc.assert(
      fc.property(any, (given) => {
        const result = plan(inputs(given));
        if (!result.ok) return;
        const { cells, jobs } = result.plan;
        expect(jobs).toHaveLength(cells.length * 2);
        expect(new Set(jobs.map(({ name }) => name)).size).toBe(jobs.length);
        for (const [index, job] of jobs.entries()) {
          if (job.kind === "build") {
            expect(job.needs).toEqual([]);
            continue;
          }
          expect(job.needs).toEqual([job.wheelOf]);
          const build = jobs.slice(0, index).filter(({ name }) => name === job.wheelOf);
          expect(build).toMatchObject([{ kind: "build", cell: job.cell, platform: job.platform, python: job.python }]);
        }
      }),
    );
  });

  test("jobs of equal inputs have equal keys, jobs of one plan different ones", () => {
    fc.assert(
      fc.property(any, (given) => {
        const one = plan(inputs(given));
        const other = plan(inputs(turned(given)));
        if (!one.ok || !other.ok) return;
        expect(other.plan.jobs.map(({ key }) => key)).toEqual(one.plan.jobs.map(({ key }) => key));
        expect(new Set(one.plan.jobs.map(({ key }) => key)).size).toBe(one.plan.jobs.length);
      }),
    );
  });
});
