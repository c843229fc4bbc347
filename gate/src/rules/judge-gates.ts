import { combine, type Judgement } from "../judge.ts";
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
  const { candidate, nowMs } = facts;
  const results = [...known, ...unknown].map((result) =>
    candidate && nowMs !== undefined ? applyWaivers(result, waivers, { digest: candidate.digest, nowMs }) : result,
  );
  return combine(results);
}
