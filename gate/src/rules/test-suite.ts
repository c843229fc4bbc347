import { count } from "../text/count.ts";
import type { Evidence } from "../verdict.ts";
import type { SuiteFact } from "./gate-facts.ts";
import { decide, rule } from "./rule.ts";

const SUITE: SuiteFact = {
  cell: "cp312-linux-x86_64",
  job: "test-cp312-linux-x86_64",
  executed: 120,
  failed: 0,
  errors: 0,
  skipped: 4,
  collectionErrors: 0,
};

interface SuiteOptions {
  /** In each cell. */
  readonly executedMin: number;
  /** Skipped of all that were collected, 0.2 for 20 %. */
  readonly skipShareMax: number;
}

const DEFAULTS: SuiteOptions = { executedMin: 1, skipShareMax: 0.2 };

/** G14: in each cell enough tests were executed, not too many skipped, and none failed or could not be collected. */
export const testSuite = rule({
  id: "G14",
  name: "test-suite",
  needs: ["suites"],
  defaults: DEFAULTS,
  judge: ({ suites }, { executedMin, skipShareMax }) => {
    const problems: Evidence[] = [];
    const evidence: Evidence[] = [];
    for (const { job, executed, failed, errors, skipped, collectionErrors } of suites) {
      const measured = (what: string, value: number, limit: string, text: string) => ({
        kind: "measured" as const,
        what: `${job}: ${what}`,
        value,
        unit: "",
        limit,
        text: `${job}: ${text}`,
      });
      const share = executed + skipped === 0 ? 0 : skipped / (executed + skipped);
      const run = measured("executed", executed, `≥ ${executedMin}`, `${executed} tests were executed`);
      evidence.push(run);
      if (executed < executedMin)
        problems.push({ ...run, text: `${job}: ${executed} tests were executed, at least ${executedMin} have to be` });
      if (failed + errors > 0)
        problems.push(measured("failed", failed + errors, "0", `${failed + errors} tests failed`));
      if (collectionErrors > 0)
        problems.push(
          measured("collection errors", collectionErrors, "0", `${collectionErrors} test files could not be collected`),
        );
      if (share > skipShareMax)
        problems.push(
          measured("skipped", share, `≤ ${skipShareMax}`, `${skipped} of ${executed + skipped} tests were skipped`),
        );
    }
    const doubts: Evidence[] = suites.length === 0 ? [{ kind: "statement", text: "no test report was read" }] : [];
    const total = suites.reduce((sum, { executed }) => sum + executed, 0);
    return decide({ problems, doubts, evidence }, `${count(total, "test")} passed in ${count(suites.length, "cell")}`);
  },
  cases: {
    pass: { facts: { suites: [SUITE] }, options: DEFAULTS },
    fail: { facts: { suites: [{ ...SUITE, executed: 0, skipped: 0 }] }, options: DEFAULTS },
    cannotTell: { facts: { suites: [] }, options: DEFAULTS },
  },
});
