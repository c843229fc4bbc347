export { comparePlatforms, isKnownPlatform, KNOWN_PLATFORMS, type Platform } from "./known/platforms.ts";
export { comparePythons, KNOWN_PYTHONS, knownPython, type KnownPython } from "./known/pythons.ts";

export { parseSpec, type ParsedSpec } from "./spec/parse-spec.ts";
export { KNOWN_AXES } from "./spec/spec.ts";
export { SECRET_NAME, secretsOf, suggestSecret } from "./spec/read-secrets.ts";
export type {
  BaselineSpec,
  BuildSpec,
  JobLimits,
  PythonAxis,
  ReleaseType,
  RetrySpec,
  SecretRef,
  Spec,
  SpecAxes,
  SpecPlace,
  SpecPlaces,
  SpecProblem,
  TestSpec,
} from "./spec/spec.ts";

export type { YamlValue } from "./spec/yaml-value.ts";

export { plan } from "./plan/make-plan.ts";
export { CELLS_MAX } from "./plan/matrix-size.ts";
export type { Digest, PlanInputs, PlanResult } from "./plan/plan-inputs.ts";
export { explainCell, type CellExplanation, type RuleAnswer } from "./plan/explain-cell.ts";
export { expectedTime, type ExpectedTime } from "./plan/expected-time.ts";
export { coveredTuples, type CoveredTuple } from "./reduce/covered-tuples.ts";
export type {
  Candidate,
  Cell,
  CellAxes,
  ExcludedCell,
  FarmPython,
  Plan,
  PlanAxis,
  PlannedBench,
  PlannedBuild,
  PlannedCell,
  PlannedCheck,
  PlannedJob,
  PlannedProfile,
  PlannedScan,
  PlannedTest,
  PlannedContainer,
  PlannedWheel,
  Reason,
  ReducedCell,
} from "./plan/plan.ts";

export type { JobKind } from "./plan/job-kind.ts";
export { KNOWLEDGE, readKnowledge, type Knowledge, type KnowledgeFiles } from "./knowledge/knowledge.ts";
export { cxx11Abi, driverRuns, gpuFacts, hostGccMax, minimumDriver, torchArchList } from "./knowledge/cell-facts.ts";
export { rulesOf, type Answer, type Rule } from "./knowledge/rule.ts";
export { compareAxisValues } from "./known/axis-order.ts";
export { cudaValue, cudaVariant } from "./known/cuda-value.ts";
export { gpuValue } from "./known/gpu-value.ts";
export { osTarget, platformOf, suggestOs, type OsTarget } from "./known/os-target.ts";
export { resolveTorch, torchBySpecifier } from "./known/torch-value.ts";
export { capabilitiesOf, type AgentFacts, type GpuFacts } from "./require/capabilities.ts";
export { requirementText } from "./plan/requirements.ts";
export { isLabelKey, isLabelValue } from "./require/labels.ts";
export { describeRequirement, fittingGpus, lacks } from "./require/lacks.ts";
export type { AgentCapabilities, AgentGpu, GpuRequirement, Labels, Requirement } from "./require/requirement.ts";
export {
  nearestAgent,
  nearestLack,
  satisfiability,
  type FarmAgent,
  type Prospect,
  type ProspectGroup,
  type Satisfiability,
} from "./require/satisfiability.ts";

export { compareVersions } from "./pep440/compare-versions.ts";
export { satisfies } from "./pep440/satisfies.ts";
export type {
  CellCoverage,
  CoverageFinding,
  CoverageOptions,
  CoverageReport,
  Installer,
  Pick,
} from "./wheels/coverage-report.ts";
export { parseSdistName, type ParsedSdistName, type SdistName } from "./wheels/sdist-name.ts";
export { supportedTags, type LinuxTagOrder } from "./wheels/supported-tags.ts";
export { wheelCoverage } from "./wheels/wheel-coverage.ts";
export {
  environmentOf,
  GENERIC_SYSTEMS,
  type GenericSystems,
  type WheelEnvironment,
  type WheelSystem,
} from "./wheels/wheel-environment.ts";
export {
  formatWheelName,
  parseWheelName,
  type BuildTag,
  type ParsedWheelName,
  type WheelName,
} from "./wheels/wheel-name.ts";

export { checkCovering, type CoveringReport } from "./covering/check-covering.ts";
export { coveringArray, type CoveringArray } from "./covering/covering-array.ts";
export { COVERING_MARKS, type CoveringMark } from "./covering/covering-marks.ts";
export type { Assignment, CoveringProblem, Row } from "./covering/covering-problem.ts";
