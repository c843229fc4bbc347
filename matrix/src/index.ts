export { comparePlatforms, isKnownPlatform, KNOWN_PLATFORMS, type Platform } from "./known/platforms.ts";
export { comparePythons, KNOWN_PYTHONS, knownPython, type KnownPython } from "./known/pythons.ts";

export { parseSpec, type ParsedSpec } from "./spec/parse-spec.ts";
export type {
  BuildSpec,
  JobLimits,
  PythonAxis,
  RetrySpec,
  Spec,
  SpecAxes,
  SpecPlace,
  SpecPlaces,
  SpecProblem,
  TestSpec,
} from "./spec/spec.ts";

export { CELLS_MAX, plan, type PlanInputs, type PlanResult } from "./plan/make-plan.ts";
export type { Digest } from "./plan/plan-jobs.ts";
export type {
  Candidate,
  Cell,
  ExcludedCell,
  FarmPython,
  Plan,
  PlannedBuild,
  PlannedJob,
  PlannedTest,
} from "./plan/plan.ts";
