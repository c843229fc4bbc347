export type { JobFact, JobOutcome, RunFacts } from "./facts.ts";
export { judge, type Judgement } from "./judge.ts";
export { EVIDENCE_MAX, type Evidence, type GateOutcome, type GateResult, type Verdict } from "./verdict.ts";
