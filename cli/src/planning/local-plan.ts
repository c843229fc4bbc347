import { expectedGates, NO_POLICY, type ExpectedGate } from "@kiln/gate";
import { plan, type Candidate, type FarmPython, type Plan, type PlanInputs, type ReleaseType } from "@kiln/matrix";
import { createHash } from "node:crypto";
import { CliError } from "../program/cli-error.ts";
import { count } from "../render/count.ts";
import { readSpec } from "./read-spec.ts";

export interface LocalPlanInputs {
  readonly candidate: Candidate;
  readonly sourceSha256: string;
  readonly spec: { readonly text: string; readonly file: string };
  readonly pythons: readonly FarmPython[];
  /** null: what the spec says. */
  readonly release: ReleaseType | null;
  /** Cells that failed in the newest run, as the farm says. */
  readonly failing: readonly string[];
}

export interface LocalPlan {
  readonly plan: Plan;
  /** That it is going to be judged by. */
  readonly gates: readonly ExpectedGate[];
  /** What it was made of, for explanations. */
  readonly inputs: PlanInputs;
}

/** The plan that the farm would make of the same inputs; throws a CliError that lists every mistake. */
export function planLocally(local: LocalPlanInputs): LocalPlan {
  const { candidate, sourceSha256, spec: source, pythons, release, failing } = local;
  const { spec, places, policies } = readSpec(source);
  const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
  const chosen = release === null ? {} : { release };
  const inputs = { spec, candidate, farm: pythons, sourceSha256, digest, places, failing, ...chosen };
  const result = plan(inputs);
  if (result.ok) {
    const compares = result.plan.jobs.some((job) => job.kind === "bench" && job.baseline.kind !== "none");
    const gates = expectedGates(policies[result.plan.release] ?? NO_POLICY, { compares });
    return { plan: result.plan, gates, inputs };
  }
  if (source.text === "") {
    // There is no file that a place could be in.
    const sentences = result.problems.map(
      ({ message, suggestion }) => `${message}${suggestion === "" ? "" : `; ${suggestion}`}`,
    );
    throw new CliError(`No plan can be made of ${candidate.name}: ${sentences.join(". ")}.`);
  }
  throw new CliError(`No plan can be made with ${source.file}: ${count(result.problems.length, "problem")}.`, {
    problems: result.problems,
    sourceText: source.text,
  });
}
