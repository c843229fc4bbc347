import type { JobFact, JobOutcome, RunFacts } from "../facts.ts";
import { finding, rule, type Finding } from "./rule.ts";

/** What one job's outcome says of the candidate. */
type Meaning =
  /** It did what it should. */
  | "for"
  /** It was tried and did not work. */
  | "against"
  /** It was not tried to the end, through no fault that is known to be the candidate's. */
  | "unknown";

/** Total over the outcomes: a new one does not typecheck until its meaning is decided. */
const MEANING = {
  passed: "for",
  "build-failed": "against",
  "tests-failed": "against",
  regressed: "against",
  "timed-out": "against",
  "out-of-resources": "against",
  "bad-spec": "against",
  infrastructure: "unknown",
  "agent-lost": "unknown",
  cancelled: "unknown",
  "not-run": "unknown",
} as const satisfies Record<JobOutcome, Meaning>;

/**
 * G13 matrix-completeness: every cell of the plan was built and tested, and
 * all of it passed. One failure decides, whatever else is unknown; a job that
 * was not run never counts as passed, and no test at all is no evidence.
 * Cells that cannot exist are not in the plan, each with its source.
 */
function findMatrix({ jobs }: RunFacts): Finding {
  const against = jobs.filter(({ outcome }) => MEANING[outcome] === "against");
  const unknown = jobs.filter(({ outcome }) => MEANING[outcome] === "unknown");
  const tests = jobs.filter(({ kind }) => kind === "test");
  const result = (outcome: Finding["outcome"], reason: string, decided: readonly JobFact[]): Finding => {
    const evidence = decided.map(({ name, outcome: ended, summary }) => ({
      kind: "job" as const,
      job: name,
      outcome: ended,
      summary,
    }));
    return finding(outcome, reason, evidence);
  };
  if (against.length > 0) return result("fail", `${countOf(against, jobs)} failed: ${names(against)}`, against);
  if (unknown.length > 0) {
    // What waited for another job that did not end is told by that job.
    const roots = unknown.filter(({ outcome, needs }) => outcome !== "not-run" || needs.length === 0);
    const told = roots.length > 0 ? roots : unknown;
    return result("inconclusive", `${countOf(unknown, jobs)} came to no result: ${names(told)}`, unknown);
  }
  if (tests.length === 0) return result("inconclusive", "no cell was tested", jobs);
  return result("pass", `every cell passed: ${tests.length} built and tested`, jobs);
}

function countOf(some: readonly JobFact[], all: readonly JobFact[]): string {
  return `${some.length} of ${all.length} ${all.length === 1 ? "job" : "jobs"}`;
}

const NAMES_SHOWN = 3;

function names(jobs: readonly JobFact[]): string {
  const shown = jobs.slice(0, NAMES_SHOWN).map(({ name, outcome }) => `${name} (${outcome})`);
  const more = jobs.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}

const job = (outcome: JobOutcome): JobFact => ({
  name: "test-cp312-linux-x86_64",
  kind: "test",
  needs: [],
  outcome,
  summary: outcome === "passed" ? "" : `it ended ${outcome}`,
});

export const matrixCompleteness = rule({
  id: "G13",
  name: "matrix-completeness",
  needs: ["run"],
  defaults: {},
  judge: ({ run }) => findMatrix(run),
  cases: {
    pass: { facts: { run: { jobs: [job("passed")] } }, options: {} },
    fail: { facts: { run: { jobs: [job("tests-failed")] } }, options: {} },
    cannotTell: { facts: { run: { jobs: [job("agent-lost")] } }, options: {} },
  },
});
