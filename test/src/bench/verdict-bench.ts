import { CATALOGUE, judgeGates, type GateFacts, type GatePolicy } from "@kiln/gate";

/** What verdicts by every gate of the catalogue took, each with evidence of so many cells. */
export interface VerdictCost {
  readonly verdicts: number;
  readonly gates: number;
  readonly tookMs: number;
}

/** Judges the passing case of every gate, with each list of facts as long as a matrix of `cells` makes it. */
export function measureVerdicts(verdicts: number, cells: number): VerdictCost {
  const rules = Object.values(CATALOGUE);
  const facts = Object.assign({}, ...rules.map(({ cases }) => cases.pass.facts)) as GateFacts;
  const policy = Object.fromEntries(rules.map(({ id, cases }) => [id, cases.pass.options])) as GatePolicy;
  const perCell = new Set(["artifacts", "contents", "metadata", "audits", "installs", "suites", "coverage", "sboms"]);
  const grown = Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      perCell.has(name) && Array.isArray(value) ? Array.from({ length: cells }, () => value[0] as object) : value,
    ]),
  ) as GateFacts;
  const started = performance.now();
  for (let i = 0; i < verdicts; i += 1) {
    if (judgeGates(grown, policy, []).verdict !== "pass") throw new Error("a verdict did not pass");
  }
  return { verdicts, gates: rules.length, tookMs: performance.now() - started };
}
