import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readKnowledge, type KnowledgeFiles } from "../knowledge/knowledge.ts";
import { DATA } from "../knowledge/testing.ts";
import { KNOWN_PLATFORMS } from "../known/platforms.ts";
import { KNOWN_PYTHONS } from "../known/pythons.ts";
import type {
  CommandSpec,
  Condition,
  MeasureSpec,
  Profile,
  Reduction,
  Spec,
  SpecAxes,
  WheelSpec,
} from "../spec/spec.ts";
import { plan } from "./make-plan.ts";
import type { Candidate, Cell, FarmPython, Plan, PlannedBuild, PlannedJob } from "./plan.ts";
import { BENCH, inputs, LIMITS, PROFILE, WHEEL } from "./testing.ts";

const PLACE = { line: 3, column: 5 };
const OS = ["linux-x86_64", "ubuntu-22.04", "debian-12", "macos-14", "macos-13-x86_64", "windows-11"];
const TORCH = ["1.13", "2.0", "2.1", "2.1.1", "2.2", "2.5", "latest", "latest-1"];
const CUDA = ["cpu", "11.8", "12.1", "12.4", "rocm6.0"];
const some = (values: readonly string[]) => fc.subarray([...values], { minLength: 1, maxLength: 3 });

const text = fc.string({ maxLength: 6 });
const record = fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), text, { maxKeys: 3 });
const frontend = fc.constantFrom("pip" as const, "cibuildwheel" as const);
const reproducible = fc.constantFrom("unchecked" as const, "check" as const);
const limits = fc.constantFrom(LIMITS, { timeoutMs: 1000, logBytesMax: 1024 });

const axes: fc.Arbitrary<SpecAxes> = fc.record({
  os: fc.oneof(fc.constant("available" as const), some(OS)),
  python: fc.oneof(
    fc.constant({ kind: "available" as const }),
    some(KNOWN_PYTHONS.map(({ feature }) => feature)).map((versions) => ({ kind: "versions" as const, versions })),
    fc.constantFrom(">=3.9", "!=3.10.*", "<3.12").map((specifier) => ({ kind: "specifier" as const, specifier })),
  ),
  torch: fc.option(
    fc.oneof(
      some(TORCH).map((versions) => ({ kind: "versions" as const, versions })),
      fc.constantFrom(">=2.1,<2.4", ">=2.8").map((specifier) => ({ kind: "specifier" as const, specifier })),
    ),
  ),
  cuda: fc.option(some(CUDA)),
  gpu: fc.option(some(["none", "9.0", "8.0", "H100", "Tesla P100"])),
  driver: fc.option(some(["525.60.13", "535", "580"])),
  own: fc
    .dictionary(fc.constantFrom("backend", "zone", "A"), some(["eager", "compiled", "10", "9"]), { maxKeys: 2 })
    .map((own) => Object.entries(own).map(([name, values]) => ({ name, values }))),
});

const assignment: fc.Arbitrary<Record<string, string>> = fc
  .record(
    {
      python: fc.constantFrom("3.10", "3.12"),
      torch: fc.constantFrom("2.1", "2.0.1"),
      cuda: fc.constantFrom("cpu", "12.1"),
      os: fc.constantFrom("ubuntu-22.04", "macos-14"),
      backend: fc.constantFrom("eager", "other"),
      extra: fc.constantFrom("x", "y"),
    },
    { requiredKeys: [] },
  )
  .map((values): Record<string, string> => ({ ...values }));
const condition: fc.Arbitrary<Condition | null> = fc.option(
  fc.constantFrom<Condition>(
    { cuda: { kind: "any-of", values: ["cpu", "12.1"] } },
    { python: { kind: "specifier", specifier: ">=3.11" }, os: { kind: "any-of", values: ["ubuntu-22.04"] } },
    { backend: { kind: "any-of", values: ["eager"] } },
  ),
);
const entry = fc.record({ values: assignment, when: condition, place: fc.constant(PLACE) });
const reason = fc.constantFrom("", "because");
const container = fc.constantFrom(null, { image: "debian:12", network: "open" as const });
const agents = fc.constantFrom(null, { labels: { rack: "a3", nvlink: null }, gpus: 2, gpuMemoryBytes: 1024 ** 3 });
const secrets = fc
  .subarray(["INDEX_TOKEN", "A_KEY"])
  .map((names) => names.map((name) => ({ name, path: "", place: PLACE })));
const common = { env: record, secrets, container, agents, limits };
const command: fc.Arbitrary<CommandSpec> = fc.record({
  name: fc.constant("one"),
  command: text,
  requires: fc.array(text, { maxLength: 2 }),
  files: fc.array(text, { maxLength: 2 }),
  ...common,
});
const measure: fc.Arbitrary<MeasureSpec> = fc
  .tuple(command, condition)
  .map(([{ name: _name, ...of }, when]) => ({ ...of, when }));

const wheel: fc.Arbitrary<WheelSpec> = fc.record({
  name: fc.constant("last"),
  when: fc.constant(null),
  kind: fc.oneof(
    fc.constant({ kind: "native" as const }),
    fc.constantFrom("3.9", "3.11").map((python) => ({ kind: "abi3" as const, python })),
    fc.constant({ kind: "pure" as const }),
  ),
  torch: fc.constantFrom("linked" as const, "stable" as const, "none" as const),
  cuda: fc.constantFrom("linked" as const, "none" as const),
  archList: fc.constantFrom([], ["8.0", "9.0+PTX"]),
  policy: fc.constantFrom(null, "manylinux_2_28"),
  localVersion: fc.constantFrom("auto" as const, "none" as const),
});
const wheels = fc.oneof(
  fc.constant([WHEEL]),
  wheel.map((last) => [last]),
  fc.tuple(wheel, wheel, condition).map(([first, last, when]) => [{ ...first, name: "first", when }, last]),
);

const reduction: fc.Arbitrary<Reduction> = fc.constantFrom<Reduction>(
  { kind: "full" },
  { kind: "t-wise", strength: 2 },
  { kind: "t-wise", strength: 3 },
  { kind: "touchstone" },
);
const profile: fc.Arbitrary<Profile> = fc.record({
  reduce: reduction,
  jobs: fc.subarray(["check", "scan", "bench", "profile"] as const),
  gates: fc.constant(null),
});

const spec: fc.Arbitrary<Spec> = fc.record({
  version: fc.constant(null),
  axes,
  include: fc.array(entry, { maxLength: 2 }),
  exclude: fc.array(
    fc.tuple(entry, reason).map(([of, why]) => ({ ...of, reason: why })),
    { maxLength: 2 },
  ),
  overrides: fc.oneof(
    fc.array(
      fc
        .tuple(entry, fc.constantFrom([], ["torch-wheel"], ["requires-python", "driver-cuda"]))
        .map(([of, rules]) => ({ ...of, rules, reason: "known better" })),
      { maxLength: 2 },
    ),
    // Few random matrices are left whole by the rules; of these all but the unsupported is planned.
    fc.constant([{ values: {}, when: null, place: PLACE, rules: [], reason: "all of it" }]),
  ),
  unknownCells: fc.constantFrom("plan" as const, "exclude" as const),
  keep: fc.array(entry, { maxLength: 2 }),
  release: fc.constantFrom("patch" as const, "major" as const),
  profiles: fc.record({ patch: profile, minor: profile, major: profile, hotfix: profile }),
  build: fc.record({ ...common, configSettings: record, frontend, reproducible, wheels }),
  test: fc.record({
    ...common,
    extras: fc.array(text, { maxLength: 2 }),
    requires: fc.array(text, { maxLength: 2 }),
    command: fc.option(text),
    files: fc.array(text, { maxLength: 2 }),
    repeatFailed: fc.nat({ max: 5 }),
    gpu: fc.constantFrom("required" as const, "none" as const),
  }),
  checks: fc.array(command, { maxLength: 1 }),
  scans: fc.array(command, { maxLength: 1 }),
  bench: fc.option(measure.map((one) => ({ ...BENCH, ...one }))),
  profile: fc.option(measure.map((one) => ({ ...PROFILE, ...one }))),
  retry: fc.record({ infrastructure: fc.nat({ max: 10 }) }),
  gates: fc.constant(null),
  waivers: fc.constant(null),
  maxParallel: fc.constantFrom(null, 3),
});

const candidate: fc.Arbitrary<Candidate> = fc.record({
  name: fc.constantFrom("markupsafe", "lz4"),
  version: fc.option(fc.constantFrom("1.0", "3.0.2")),
  requiresPython: fc.option(fc.constantFrom(">=3.9", ">=3.10,<3.14", "!=3.11.*", "")),
  requiresDist: fc.option(fc.constantFrom([], ["torch>=2.1", "numpy"], ["torch==2.1.2"])),
  factsFrom: fc.constant("PKG-INFO"),
});
const farm: fc.Arbitrary<readonly FarmPython[]> = fc.array(
  fc.record({
    platform: fc.constantFrom(...KNOWN_PLATFORMS, "haiku-x86_64"),
    feature: fc.constantFrom("2.7", "3.7", "3.16", ...KNOWN_PYTHONS.map((python) => python.feature)),
  }),
  { maxLength: 12 },
);

interface Given {
  readonly spec: Spec;
  readonly candidate: Candidate;
  readonly farm: readonly FarmPython[];
}
/** Mostly named values, so that most matrices have cells. */
const any: fc.Arbitrary<Given> = fc.record({ spec, candidate, farm });

/** The same data with its records in the opposite order, and their fields too. */
const TURNED_KNOWLEDGE = readKnowledge(turnedDeep(DATA) as KnowledgeFiles);

function turnedDeep(value: unknown): unknown {
  if (Array.isArray(value)) {
    const inner = value.map(turnedDeep);
    return inner.every((one) => typeof one === "object") ? inner.toReversed() : inner;
  }
  if (typeof value !== "object" || value === null) return value;
  return turnedKeys(Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, turnedDeep(inner)])));
}

function turnedKeys<T extends object>(of: T): T {
  return Object.fromEntries(Object.entries(of).toReversed()) as T;
}

/** The same inputs with every list that has no order, and every mapping, turned around. */
function turned(given: Given): Given & { readonly knowledge: typeof TURNED_KNOWLEDGE } {
  const { os, python, torch, cuda, gpu, driver, own } = given.spec.axes;
  const versions = <T extends { readonly kind: string } | null>(axis: T): T =>
    axis !== null && "versions" in axis
      ? { ...axis, versions: (axis.versions as readonly string[]).toReversed() }
      : axis;
  const axes: SpecAxes = {
    os: os === "available" ? os : os.toReversed(),
    python: versions(python),
    torch: versions(torch),
    cuda: cuda?.toReversed() ?? null,
    gpu: gpu?.toReversed() ?? null,
    driver: driver?.toReversed() ?? null,
    own: own.toReversed().map(({ name, values }) => ({ name, values: values.toReversed() })),
  };
  const { build, test: tests } = given.spec;
  const turnedEntry = <T extends { readonly values: object; readonly when: object | null }>(of: T): T => ({
    ...of,
    values: turnedKeys(of.values),
    when: of.when === null ? null : turnedKeys(of.when),
  });
  const spec = turnedKeys({
    ...given.spec,
    axes: turnedKeys(axes),
    include: given.spec.include.map(turnedEntry),
    exclude: given.spec.exclude.map(turnedEntry),
    overrides: given.spec.overrides.map(turnedEntry),
    keep: given.spec.keep.toReversed().map(turnedEntry),
    profiles: turnedKeys(given.spec.profiles),
    build: { ...turnedKeys(build), env: turnedKeys(build.env), configSettings: turnedKeys(build.configSettings) },
    test: { ...turnedKeys(tests), env: turnedKeys(tests.env) },
    checks: given.spec.checks.map((of) => turnedKeys({ ...of, env: turnedKeys(of.env) })),
  });
  const agents = [...given.farm, ...given.farm].toReversed();
  return { spec, candidate: turnedKeys(given.candidate), farm: agents, knowledge: TURNED_KNOWLEDGE };
}

let plans = 0;

/** Checks the plan where there is one; problems have to say something. */
function forAnyPlan(check: (plan: Plan, given: Given) => void): void {
  plans = 0;
  fc.assert(
    fc.property(any, (given) => {
      const result = plan(inputs(given));
      if (result.ok) {
        plans += 1;
        check(result.plan, given);
        return;
      }
      expect(result.problems.length).toBeGreaterThan(0);
      for (const { message, suggestion } of result.problems) expect([message, suggestion]).not.toContain("");
    }),
    { numRuns: 150 },
  );
  // Else the property would say nothing.
  expect(plans).toBeGreaterThan(10);
}

const textOf = ({ axes: of }: Cell): string =>
  JSON.stringify(Object.entries(of).toSorted(([a], [b]) => (a < b ? -1 : 1)));

describe("for any spec, candidate and farm", () => {
  test("the plan is equal to the byte, whatever the order of keys, values, agents and data", () => {
    fc.assert(
      fc.property(any, (given) => {
        expect(JSON.stringify(plan(inputs(turned(given))))).toBe(JSON.stringify(plan(inputs(given))));
      }),
      { numRuns: 150 },
    );
  });

  test("every cell of the product is planned, excluded with a reason, or reduced with a planned cell that covers it", () => {
    forAnyPlan(({ axes: of, cells, excluded, reduced }, given) => {
      const all = [...cells, ...excluded, ...reduced];
      expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
      const texts = new Set(all.map(textOf));
      expect(texts.size).toBe(all.length);
      for (const { rule, reason: why, source } of excluded) expect([rule, why, source]).not.toContain("");
      const names = new Set(cells.map(({ name }) => name));
      for (const { coveredBy } of reduced) expect(names).toContain(coveredBy);
      if (given.spec.include.length > 0) return;
      // Without includes the matrix is the product of its axes.
      expect(all).toHaveLength(of.reduce((product, { values }) => product * values.length, 1));
      for (const [at, { name, values }] of of.entries()) {
        expect(new Set(all.map((cell) => cell.axes[name]))).toEqual(new Set(values));
        expect(Object.keys(all[0]?.axes ?? {})[at]).toBe(name);
      }
    });
  });

  test("every value that a person named is in the plan's axes", () => {
    forAnyPlan(({ axes: of }, { spec: { axes: written } }) => {
      const valuesOf = (name: string) => of.find((axis) => axis.name === name);
      const named: [string, readonly string[] | null][] = [
        ["os", written.os === "available" ? null : written.os],
        ["python", written.python.kind === "versions" ? written.python.versions : null],
        ["torch", written.torch?.kind === "versions" ? written.torch.versions : null],
        ["cuda", written.cuda],
        ["gpu", written.gpu],
        ["driver", written.driver],
        ...written.own.map(({ name, values }): [string, readonly string[]] => [name, values]),
      ];
      for (const [name, values] of named) {
        for (const value of values ?? []) {
          const axis = valuesOf(name);
          expect(axis?.values).toContain(axis?.resolved[value] ?? value);
        }
      }
    });
  });

  test("every planned cell has one test, which needs exactly one build, the one whose wheel it tests", () => {
    forAnyPlan(({ cells, jobs }) => {
      const builds = new Map(jobs.filter((job) => job.kind === "build").map((job) => [job.name, job]));
      const tests = jobs.filter((job) => job.kind === "test");
      expect(tests.map(({ cell }) => cell).toSorted()).toEqual(cells.map(({ name }) => name).toSorted());
      for (const { needs, wheelOf } of tests) {
        expect(needs).toEqual([wheelOf]);
        expect(builds.has(wheelOf)).toBe(true);
      }
      for (const name of builds.keys()) expect(tests.some(({ wheelOf }) => wheelOf === name)).toBe(true);
    });
  });

  test("every job comes after what it needs, and names are unique", () => {
    forAnyPlan(({ cells, jobs }) => {
      const seen = new Set<string>();
      const names = new Set(cells.map(({ name }) => name));
      for (const { name, needs, cell, kind, requirement } of jobs) {
        for (const need of needs) expect(seen).toContain(need);
        expect(seen.has(name)).toBe(false);
        expect(names).toContain(cell);
        expect(requirement.kind).toBe(kind);
        seen.add(name);
      }
    });
  });

  test("touchstones come first among cells, and with what they need among the jobs of cells", () => {
    forAnyPlan(({ cells, jobs }) => {
      const marks = cells.map(({ touchstone }) => touchstone);
      expect(marks).toEqual(marks.toSorted((a, b) => Number(b) - Number(a)));
      expect(marks[0]).toBe(true);
      const ofJobs = jobs.map(({ touchstone }) => touchstone);
      expect(ofJobs).toEqual(ofJobs.toSorted((a, b) => Number(b) - Number(a)));
    });
  });

  test("two wheels never have one file name on one index", () => {
    forAnyPlan(({ jobs }) => {
      const builds = jobs.filter((job) => job.kind === "build");
      for (const [at, one] of builds.entries()) {
        for (const other of builds.slice(0, at)) {
          const apart =
            fileOf(one) !== fileOf(other) ||
            (one.wheel.index !== null && other.wheel.index !== null && one.wheel.index !== other.wheel.index);
          expect([one.name, other.name, apart]).toEqual([one.name, other.name, true]);
        }
      }
    });
  });

  test("jobs of equal inputs have equal keys, jobs of one plan different ones unless one wheel is made for two indexes", () => {
    forAnyPlan(({ jobs }, given) => {
      const indexOf = new Map(jobs.map((job) => [job.name, job.kind === "build" ? job.wheel.index : null]));
      const onIndex = (job: PlannedJob): string =>
        `${job.key} ${indexOf.get(job.kind === "scan" ? job.wheelOf : job.name) ?? ""}`;
      expect(new Set(jobs.map(onIndex)).size).toBe(jobs.length);
      const again = plan(inputs(turned(given)));
      expect(again.ok && again.plan.jobs.map(({ key }) => key)).toEqual(jobs.map(({ key }) => key));
    });
  });

  test("a job's key does not depend on what else was planned", () => {
    forAnyPlan(({ jobs, cells }, given) => {
      const full = { ...given.spec.profiles[given.spec.release], reduce: { kind: "full" as const } };
      const profiles = { ...given.spec.profiles, [given.spec.release]: full };
      const all = plan(inputs({ ...given, spec: { ...given.spec, profiles } }));
      if (!all.ok || all.plan.jobs.length === jobs.length) return;
      expect(all.plan.cells.length).toBeGreaterThan(cells.length);
      const names = new Set(jobs.filter(({ kind }) => kind === "build").map(({ name, key }) => `${name} ${key}`));
      const same = all.plan.jobs.filter((job) => names.has(`${job.name} ${job.key}`)).map(({ name }) => name);
      const keys = new Map(all.plan.jobs.map((job) => [job.name, job.key]));
      // Where the build is the same, so is the test.
      for (const job of jobs)
        if (job.kind === "test" && same.includes(job.wheelOf)) expect(keys.get(job.name)).toBe(job.key);
    });
  });

  test("a plan is the same after a round trip through JSON", () => {
    forAnyPlan((made) => {
      expect(JSON.parse(JSON.stringify(made))).toEqual(made);
    });
  });
});

/** Written apart from the code: PEP 427's name of the file that a build has to make, but for its policy. */
function fileOf({ wheel: { kind, localVersion, policy }, requirement, name }: PlannedBuild): string {
  const python = `cp${requirement.python.replace(".", "")}`;
  const os = name.includes("musllinux") ? "musl" : requirement.platform;
  const platform = kind === "pure" ? "any" : `${os}-${policy}`;
  const tags = kind === "pure" ? "py3-none" : kind === "abi3" ? "abi3" : python;
  return `${localVersion ?? ""}-${tags}-${platform}`;
}
