import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const OUTPUT_MAX = 16 * 1024 * 1024;

/** What the scheduler's decisions took in a simulated farm, in a process of its own. */
export interface ScheduleCost {
  readonly agents: number;
  readonly jobs: number;
  /** The makespan over the shortest that any schedule could have. */
  readonly overBound: number;
  /** Of each decision. */
  readonly tookMs: readonly number[];
}

export function measureSchedule(): ScheduleCost {
  const front = import.meta.resolve("@kiln/coordinator");
  const script = fileURLToPath(new URL("testing-schedule-cost.ts", front));
  const printed = execFileSync(process.execPath, [script], { encoding: "utf8", maxBuffer: OUTPUT_MAX });
  return JSON.parse(printed) as ScheduleCost;
}
