import type { Evidence } from "../verdict.ts";
import type { MeasuredFact } from "./gate-facts.ts";
import { decide, finding, rule, statement } from "./rule.ts";

const MEASURED: MeasuredFact = { what: "train-step:peak-memory", cell: "cp312-linux-x86_64", value: 6e9, unit: "B" };

interface Budget {
  readonly what: string;
  readonly limit: "at-most" | "at-least";
  readonly value: number;
  readonly unit: string;
}

interface BudgetOptions {
  readonly budgets: readonly Budget[];
}

const DEFAULTS: BudgetOptions = { budgets: [] };

const OPTIONS: BudgetOptions = {
  budgets: [{ what: "train-step:peak-memory", limit: "at-most", value: 8e9, unit: "B" }],
};

/** G23: every declared budget holds in every cell where its value was measured, and was measured at all. */
export const absoluteBudget = rule({
  id: "G23",
  name: "absolute-budget",
  needs: ["measured"],
  defaults: DEFAULTS,
  judge: ({ measured }, { budgets }) => {
    if (budgets.length === 0) return finding("not-run", "no budget is declared");
    const problems: Evidence[] = [];
    const doubts: Evidence[] = [];
    const evidence: Evidence[] = [];
    for (const { what, limit, value, unit } of budgets) {
      const found = measured.filter((one) => one.what === what);
      if (found.length === 0) doubts.push(statement(`${what} was not measured`));
      for (const one of found) {
        if (one.unit !== unit || !Number.isFinite(one.value)) {
          doubts.push(
            statement(`${what} in ${one.cell} was measured as ${one.value} ${one.unit}; its budget is in ${unit}`),
          );
          continue;
        }
        const holds = limit === "at-most" ? one.value <= value : one.value >= value;
        const sign = limit === "at-most" ? "≤" : "≥";
        const text = `${what} in ${one.cell} is ${one.value} ${unit}, its budget ${sign} ${value} ${unit}`;
        (holds ? evidence : problems).push({
          kind: "measured",
          what: `${what} in ${one.cell}`,
          value: one.value,
          unit,
          limit: `${sign} ${value}`,
          text,
        });
      }
    }
    return decide({ problems, doubts, evidence }, `${budgets.length} budgets hold`);
  },
  cases: {
    pass: { facts: { measured: [MEASURED] }, options: OPTIONS },
    fail: { facts: { measured: [{ ...MEASURED, value: 9e9 }] }, options: OPTIONS },
    cannotTell: { facts: { measured: [] }, options: OPTIONS },
  },
});
