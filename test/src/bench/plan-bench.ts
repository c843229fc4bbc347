import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What one plan of 100,000 cells took in a process of its own. */
export interface PlanCost {
  readonly planMs: number;
  /** Of the whole process, with Node itself. */
  readonly peakRssMb: number;
  readonly cells: number;
  readonly excluded: number;
  readonly reduced: number;
  readonly jobs: number;
}

export function measurePlan(matrix: "own-axes" | "torch-cuda", reduction: "full" | "pairwise"): PlanCost {
  const script = fileURLToPath(new URL("plan-cost.ts", import.meta.url));
  const printed = execFileSync(process.execPath, [script, matrix, reduction], { encoding: "utf8" });
  return JSON.parse(printed) as PlanCost;
}
