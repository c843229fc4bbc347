import type { Evidence } from "../verdict.ts";
import type { CoverageFact } from "./gate-facts.ts";
import { decide, rule } from "./rule.ts";

const COVERAGE: CoverageFact = {
  cell: "cp312-linux-x86_64",
  job: "test-cp312-linux-x86_64",
  linesCovered: 930,
  linesTotal: 1000,
};

interface CoverageOptions {
  /** Share of lines, 0.8 for 80 %, that each report reaches. */
  readonly shareMin: number;
}

const DEFAULTS: CoverageOptions = { shareMin: 0.8 };

/** G16: line coverage of each report at or above the threshold. */
export const coverage = rule({
  id: "G16",
  name: "coverage",
  needs: ["coverage"],
  defaults: DEFAULTS,
  judge: ({ coverage: reports }, { shareMin }) => {
    const problems: Evidence[] = [];
    const doubts: Evidence[] = [];
    const evidence: Evidence[] = [];
    for (const { job, linesCovered, linesTotal } of reports) {
      if (linesTotal <= 0) {
        doubts.push({ kind: "statement", text: `${job}: its coverage counts no lines` });
        continue;
      }
      const value = linesCovered / linesTotal;
      const text = `${job}: ${(100 * value).toFixed(1)} % of the lines are covered, ${100 * shareMin} % have to be`;
      const measured: Evidence = {
        kind: "measured",
        what: `${job}: line coverage`,
        value,
        unit: "",
        limit: `≥ ${shareMin}`,
        text,
      };
      (value < shareMin ? problems : evidence).push(measured);
    }
    if (reports.length === 0) doubts.push({ kind: "statement", text: "no coverage was reported" });
    return decide(
      { problems, doubts, evidence },
      `coverage is at least ${100 * shareMin} % in ${reports.length} reports`,
    );
  },
  cases: {
    pass: { facts: { coverage: [COVERAGE] }, options: DEFAULTS },
    fail: { facts: { coverage: [{ ...COVERAGE, linesCovered: 799 }] }, options: DEFAULTS },
    cannotTell: { facts: { coverage: [{ ...COVERAGE, linesTotal: 0 }] }, options: DEFAULTS },
  },
});
