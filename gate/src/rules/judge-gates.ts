import { combine, type Judgement } from "../judge.ts";
import type { GateResult } from "../verdict.ts";
import { CATALOGUE, type GateId, type GatePolicy } from "./catalogue.ts";
import type { GateFacts } from "./gate-facts.ts";
import { resultOf } from "./result-of.ts";
import { finding, type Rule } from "./rule.ts";
import { applyWaivers, type Waiver } from "./waiver.ts";

/**
 * Judges a candidate by the gates of its policy, in the catalogue's order. A
 * gate whose facts are missing is not run, as is one that the policy names and
 * this catalogue does not have; without a candidate's digest or the time no
 * waiver holds. Pure: equal facts give an equal verdict.
 */
export function judgeGates(facts: GateFacts, policy: GatePolicy, waivers: readonly Waiver[]): Judgement {
  return opened(findGates(facts, policy), facts, waivers);
}

/** What each gate finds, before anybody waives anything. */
export function findGates(facts: GateFacts, policy: GatePolicy): readonly GateResult[] {
  const known = Object.entries(CATALOGUE).flatMap(([id, rule]) => {
    const options = policy[id as GateId];
    if (options === undefined) return [];
    // The table pairs each rule with its own options; TypeScript does not follow it through the loop.
    const asked = rule as Rule<object>;
    return [resultOf(asked, asked.judge(facts, { ...asked.defaults, ...options }))];
  });
  const unknown = Object.keys(policy)
    .filter((id) => !Object.hasOwn(CATALOGUE, id))
    .map((id) => resultOf({ id, name: id }, finding("not-run", `no gate ${id} can be judged yet`)));
  return [...known, ...unknown];
}

/** What people have decided since a candidate's gates were found, and what that needs. */
export type Decisions = Pick<GateFacts, "candidate" | "nowMs" | "approvals">;

/**
 * Judges anew what was found before, with the approvals and waivers of now:
 * approvals are the only facts that people add once a run has ended.
 */
export function judgeAgain(
  found: readonly GateResult[],
  decisions: Decisions,
  policy: Pick<GatePolicy, "M01">,
  waivers: readonly Waiver[],
): Judgement {
  const [approval] = policy.M01 ? findGates(decisions, { M01: policy.M01 }) : [];
  const fresh = found.map((result) => (approval && result.id === approval.id ? approval : result));
  return opened(fresh, decisions, waivers);
}

function opened(
  found: readonly GateResult[],
  { candidate, nowMs }: Pick<GateFacts, "candidate" | "nowMs">,
  waivers: readonly Waiver[],
): Judgement {
  if (!candidate || nowMs === undefined) return combine(found);
  return combine(found.map((result) => applyWaivers(result, waivers, { digest: candidate.digest, nowMs })));
}
