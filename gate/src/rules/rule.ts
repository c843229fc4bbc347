import type { Evidence, GateOutcome } from "../verdict.ts";
import type { FactName, GateFacts } from "./gate-facts.ts";

/** What a rule finds; waiving is not its business. */
export interface Finding {
  readonly outcome: Exclude<GateOutcome, "waived">;
  /** A sentence. */
  readonly reason: string;
  readonly evidence: readonly Evidence[];
}

type Known<N extends FactName> = { readonly [K in N]-?: NonNullable<GateFacts[K]> };
type Facts<N extends FactName, U extends FactName> = Known<N> & Pick<GateFacts, U>;

interface RuleCase<N extends FactName, U extends FactName, O> {
  readonly facts: Facts<N, U>;
  readonly options: O;
}

/** A gate of the catalogue. */
export interface RuleDefinition<N extends FactName, O, U extends FactName = never> {
  /** `G14`. */
  readonly id: string;
  readonly name: string;
  /** Without any of these facts the gate is not run. */
  readonly needs: readonly N[];
  /** What it takes into account where it is known. */
  readonly uses?: readonly U[];
  readonly defaults: O;
  readonly judge: (facts: Facts<N, U>, options: O) => Finding;
  /** One of each kind, which a test runs: a gate that cannot fire is a defect. */
  readonly cases: Readonly<Record<"pass" | "fail" | "cannotTell", RuleCase<NoInfer<N>, NoInfer<U>, NoInfer<O>>>>;
}

/** A rule whose facts may be missing: what the catalogue holds. */
export interface Rule<O> {
  readonly id: string;
  readonly name: string;
  readonly needs: readonly FactName[];
  readonly defaults: O;
  readonly judge: (facts: GateFacts, options: O) => Finding;
  readonly cases: Readonly<Record<"pass" | "fail" | "cannotTell", { readonly facts: GateFacts; readonly options: O }>>;
}

/** Completes a rule: with a fact missing it is `not-run`, and names it. */
export function rule<N extends FactName, O, U extends FactName = never>(definition: RuleDefinition<N, O, U>): Rule<O> {
  return {
    ...definition,
    judge: (facts, options) => {
      const missing = definition.needs.filter((name) => facts[name] === undefined);
      if (missing.length > 0) {
        const told = missing.map((name) => (facts.absent?.[name] ? `${name} (${facts.absent[name]})` : name));
        return finding("not-run", `not known: ${told.join(", ")}`);
      }
      return definition.judge(facts as Facts<N, U>, options);
    },
  };
}

export function finding(outcome: Finding["outcome"], reason: string, evidence: readonly Evidence[] = []): Finding {
  return { outcome, reason, evidence };
}

/** Problems decide, then doubts; without either it passes. */
export function decide(
  {
    problems,
    doubts,
    evidence = [],
  }: { problems: readonly Evidence[]; doubts: readonly Evidence[]; evidence?: readonly Evidence[] },
  passed: string,
): Finding {
  const [problem] = problems;
  if (problem) return finding("fail", summary(problem, problems.length), problems);
  const [doubt] = doubts;
  if (doubt) return finding("inconclusive", summary(doubt, doubts.length), doubts);
  return finding("pass", passed, evidence);
}

function summary(first: Evidence, count: number): string {
  const text = first.kind === "job" ? `${first.job}: ${first.summary}` : first.text;
  return count === 1 ? text : `${text}; and ${count - 1} more`;
}

export const statement = (text: string): Evidence => ({ kind: "statement", text });
