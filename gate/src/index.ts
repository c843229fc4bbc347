export { measurementKey } from "./benchmarks/measurement.ts";
export type { BenchmarkResults, Direction, Measurement, Unit, Unmeasured } from "./benchmarks/measurement.ts";
export { readBenchmarks, type BenchmarkFormat, type BenchmarkSource } from "./benchmarks/read-benchmarks.ts";
export { baselineOrigin, type BaselineFile } from "./compare/baseline-file.ts";
export {
  compareAll,
  pairDifferences,
  type BaselineAbsence,
  type Comparison,
  type ComparisonOutcome,
  type Effect,
  type Judged,
} from "./compare/compare.ts";
export { pairOrder, type GpuStamp, type MeasuredPair, type ProcessResult, type ProcessStamp } from "./compare/pair.ts";
export { COMPARE_POLICY, comparePolicyProblems, type ComparePolicy } from "./compare/policy.ts";
export type { JobFact, JobOutcome, RunFacts } from "./facts.ts";
export { judge, type Judgement } from "./judge.ts";
export { EVIDENCE_MAX, type Evidence, type GateOutcome, type GateResult, type Verdict } from "./verdict.ts";
export type { KernelBinary, KernelMetric, KernelProfile } from "./profiles/kernel.ts";
export { NCU_METRICS } from "./profiles/ncu-metrics.ts";
export { readNcuCsv, type NcuSource } from "./profiles/ncu-csv.ts";
export { changePoints, SEGMENT_POINTS_MIN, SERIES_POINTS_MAX, type ChangePoint } from "./statistics/change-points.ts";
export { summariseIdenticalRuns, type IdenticalRun, type IdenticalRunsSummary } from "./statistics/identical-runs.ts";
export { proportionInterval, type ProportionInterval } from "./statistics/proportion.ts";
export { detectableEffect, requiredPairs, type PowerQuestion } from "./statistics/power.ts";
export { attribute, type AxisAttribution, type CellFinding } from "./bisect/attribution.ts";
export { Bisect, type BisectOptions, type BisectStep } from "./bisect/bisect.ts";
export { seededRandom, type Random } from "./statistics/random.ts";
export { describeProblem, type Read, type ReadProblem } from "./text/refusal.ts";
export { compareProfiles, type CounterChange, type ProfileComparison } from "./profiles/compare-profiles.ts";
export { expectedGates, gatesOf, type ExpectedGate } from "./policy/default-gates.ts";
export { writtenOptions } from "./policy/gate-sections.ts";
export type { PolicyNode, PolicyProblem } from "./policy/policy-node.ts";
export { readPolicy, type PolicySections, type ReadPolicy } from "./policy/read-policy.ts";
export { NO_POLICY, type FactSources, type ReleasePolicy, type ScanDatabase } from "./policy/release-policy.ts";
export { readVersionPlace, type VersionPlaceSource } from "./sources/version-place.ts";
export { CATALOGUE, type GateId, type GatePolicy } from "./rules/catalogue.ts";
export type {
  ApprovalFact,
  ArtifactFact,
  AuditFact,
  CandidateFact,
  ContentsFact,
  CoverageFact,
  ExampleFact,
  FactName,
  GateFacts,
  IndexFact,
  InstallFact,
  MeasuredFact,
  MetadataFact,
  ProfileFact,
  SbomFact,
  ScanFact,
  ScanFinding,
  Severity,
  SoakFact,
  SourceText,
  SuiteFact,
  VersionPlace,
} from "./rules/gate-facts.ts";
export { APPROVER_ROLES, type ApproverRole } from "./rules/gate-facts.ts";
export { findGates, judgeAgain, judgeGates, type Decisions } from "./rules/judge-gates.ts";
export type { Waiver } from "./rules/waiver.ts";
export { readSarif, type SarifSource } from "./scans/sarif.ts";
export { selfTest, type SelfTest } from "./compare/self-test.ts";
