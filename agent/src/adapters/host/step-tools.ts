import { classifyFailure, type ProcessEnd } from "../../domain/classify.ts";
import type { Step, StepKind } from "../../domain/job-steps.ts";
import type { Outcome } from "../../domain/outcome.ts";
import type { JobContext, StepEnd } from "./job-context.ts";
import { venvPython, type EnvironmentChange } from "./job-environment.ts";

export type StepOf<K extends StepKind> = Extract<Step, { kind: K }>;

/** How each of some kinds of steps is done. */
export type ActionsOf<K extends StepKind> = {
  readonly [Kind in K]: (step: StepOf<Kind>, context: JobContext) => Promise<StepEnd>;
};

export const DONE: StepEnd = { ok: true };

/** A fault that the agent found. */
export function agents(outcome: Outcome, summary: string): StepEnd {
  return { ok: false, exitCode: 1, verdict: { outcome, summary }, isAgents: true };
}

/** A step's process that failed. */
export function failed(context: JobContext, step: StepKind, end: ProcessEnd): StepEnd {
  return { ok: false, exitCode: end.exitCode, verdict: classifyFailure(step, end, context.stepOutputTail()) };
}

/** Runs the environment's pip, with the command shown in the log. */
export async function pip(
  context: JobContext,
  step: StepKind,
  args: readonly string[],
  change?: EnvironmentChange,
): Promise<StepEnd> {
  context.note(`$ pip ${args.map((arg) => arg.replace(context.folder.root, ".")).join(" ")}`);
  const argv = [venvPython(context.folder.virtualEnv), "-m", "pip", ...args] as const;
  const end = await context.command({ argv, cwd: context.folder.temporary }, change);
  return end.exitCode === 0 ? DONE : failed(context, step, end);
}
