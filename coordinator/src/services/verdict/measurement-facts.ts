import type { GateFacts } from "@kiln/gate";
import type { Plan } from "@kiln/matrix";

/** Facts that bench and profile jobs measure. */
type MeasurementFacts = Pick<
  GateFacts,
  "comparisons" | "measured" | "profiles" | "soaks" | "changedKernelSources" | "absent"
>;

/** The one place where what a run has measured comes to its judge. */
export interface Measurements {
  /** A fact that there is nothing of stays absent, with a reason in `absent`. */
  collect(
    run: number,
    plan: Plan,
    signal: AbortSignal,
  ): Promise<{
    readonly facts: MeasurementFacts;
    /** Positions of bench jobs that need a second look before anything is judged. */
    readonly toConfirm: readonly number[];
    /** Of the cells with bench jobs, the class of machines that measured them. */
    readonly machines: ReadonlyMap<string, string>;
  }>;
}

/** Why facts are absent that nothing gathers yet. */
export const NOT_GATHERED = {
  soaks: "no job reports the memory of a soak",
  changedKernelSources: "no gate of the spec asks for them",
} as const;
