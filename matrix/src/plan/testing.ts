// Inputs of plans for tests. Only tests import this.
import { createHash } from "node:crypto";
import { parseSpec } from "../spec/parse-spec.ts";
import type { BenchSpec, MeasureSpec, Profile, ProfileSpec, Spec, SpecAxes, WheelSpec } from "../spec/spec.ts";
import { plan } from "./make-plan.ts";
import type { PlanInputs } from "./plan-inputs.ts";
import type { Candidate, FarmPython, Plan, PlannedJob } from "./plan.ts";

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

export const MARKUPSAFE: Candidate = {
  name: "markupsafe",
  version: "3.0.2",
  requiresPython: ">=3.9",
  requiresDist: null,
  factsFrom: "PKG-INFO",
};

export const FARM: readonly FarmPython[] = ["2.7", "3.7", "3.8", "3.9", "3.10", "3.13", "3.13t"].map((feature) => ({
  platform: "linux-x86_64",
  feature,
}));

export function specOf(text: string): Spec {
  const parsed = parseSpec(text, "kiln.yaml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.spec;
}

export const LIMITS = { timeoutMs: 1_800_000, logBytesMax: 67_108_864 };
export const FULL: Profile = { reduce: { kind: "full" }, jobs: ["check", "scan", "bench", "profile"], gates: null };

export const WHEEL: WheelSpec = {
  name: "",
  when: null,
  kind: { kind: "native" },
  torch: "linked",
  cuda: "linked",
  archList: [],
  policy: null,
  localVersion: "auto",
};

const MEASURE: MeasureSpec = {
  when: null,
  command: "python bench.py",
  requires: [],
  files: ["bench"],
  env: {},
  secrets: [],
  container: null,
  agents: null,
  limits: LIMITS,
};

export const BENCH: BenchSpec = {
  ...MEASURE,
  format: "kiln",
  results: "*.json",
  metrics: {},
  columns: null,
  baseline: { kind: "last-release" },
  boundBy: null,
};

export const PROFILE: ProfileSpec = { ...MEASURE, kernels: null, launchSkip: 20, launchCount: 3 };

const AXES: SpecAxes = {
  os: ["linux-x86_64"],
  python: { kind: "versions", versions: ["3.10"] },
  torch: null,
  cuda: null,
  gpu: null,
  driver: null,
  own: [],
};

/** A spec without its file: of one cell, unless the axes say otherwise. */
export function specWith(axes: Partial<SpecAxes> = {}, change: Partial<Spec> = {}): Spec {
  return {
    version: null,
    axes: { ...AXES, ...axes },
    include: [],
    exclude: [],
    overrides: [],
    unknownCells: "plan",
    keep: [],
    release: "minor",
    profiles: { patch: FULL, minor: FULL, major: FULL, hotfix: FULL },
    build: {
      env: {},
      secrets: [],
      configSettings: {},
      frontend: "pip",
      reproducible: "unchecked",
      wheels: [WHEEL],
      container: null,
      agents: null,
      limits: LIMITS,
    },
    test: {
      env: {},
      secrets: [],
      extras: [],
      requires: [],
      command: null,
      files: [],
      repeatFailed: 0,
      gpu: "required",
      container: null,
      agents: null,
      limits: LIMITS,
    },
    checks: [],
    scans: [],
    bench: null,
    profile: null,
    retry: { infrastructure: 2 },
    gates: null,
    waivers: null,
    maxParallel: null,
    ...change,
  };
}

/** The same spec with these wheels. */
export function withWheels(spec: Spec, ...wheels: readonly Partial<WheelSpec>[]): Spec {
  return { ...spec, build: { ...spec.build, wheels: wheels.map((wheel) => ({ ...WHEEL, ...wheel })) } };
}

export function reducing(spec: Spec, reduce: Profile["reduce"]): Spec {
  const profile = { ...FULL, reduce };
  return { ...spec, profiles: { patch: profile, minor: profile, major: profile, hotfix: profile } };
}

export const pythons = (...versions: readonly string[]): SpecAxes["python"] => ({ kind: "versions", versions });
export const torches = (...versions: readonly string[]): SpecAxes["torch"] => ({ kind: "versions", versions });

export function inputs(change: Partial<PlanInputs> = {}): PlanInputs {
  return { spec: specWith(), candidate: MARKUPSAFE, farm: FARM, sourceSha256: "ab".repeat(32), digest, ...change };
}

export function planned(change: Partial<PlanInputs> = {}): Plan {
  const result = plan(inputs(change));
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.plan;
}

export function problems(change: Partial<PlanInputs>) {
  const result = plan(inputs(change));
  return result.ok ? [] : result.problems;
}

export const cellNames = (of: Pick<Plan, "cells">): string[] => of.cells.map(({ name }) => name);

export function jobsOf<K extends PlannedJob["kind"]>(of: Plan, kind: K): Extract<PlannedJob, { kind: K }>[] {
  return of.jobs.filter((job): job is Extract<PlannedJob, { kind: K }> => job.kind === kind);
}

export function jobNamed(of: Plan, name: string): PlannedJob {
  const job = of.jobs.find((one) => one.name === name);
  if (!job) throw new Error(`no job ${name} among ${of.jobs.map((one) => one.name).join(", ")}`);
  return job;
}
