import { CATALOGUE, type GateId, type GatePolicy } from "../rules/catalogue.ts";
import type { GateFacts } from "../rules/gate-facts.ts";
import type { ReleasePolicy } from "./release-policy.ts";

/**
 * Gates that every release has to pass unless its spec switches them off: those
 * that need nothing declared, wherever they have something to judge. What their
 * facts do not tell leaves them undecided, not away.
 */
const DEFAULTS: readonly {
  readonly id: GateId;
  readonly gate: GatePolicy;
  readonly applies: (facts: GateFacts) => boolean;
}[] = [
  { id: "G10", gate: { G10: {} }, applies: ({ artifacts = [] }) => artifacts.length > 0 },
  { id: "G11", gate: { G11: {} }, applies: ({ audits = [] }) => audits.some(promises) },
  { id: "G12", gate: { G12: {} }, applies: ({ installs = [] }) => installs.length > 0 },
  { id: "G13", gate: { G13: {} }, applies: () => true },
  // How many tests may be skipped is for the project to say.
  { id: "G14", gate: { G14: { skipShareMax: 1 } }, applies: ({ suites = [] }) => suites.length > 0 },
  { id: "G17", gate: { G17: {} }, applies: ({ artifacts = [] }) => artifacts.length > 0 },
  // The first candidate of a farm has nothing to be compared with.
  { id: "G22", gate: { G22: { firstReleaseWithout: true } }, applies: compares },
];

/** The gates of a release: those that its policy names, and the defaults. */
export function gatesOf({ gates, off }: ReleasePolicy, facts: GateFacts): GatePolicy {
  const asked = DEFAULTS.filter(({ id, applies }) => !off.includes(id) && applies(facts));
  return Object.assign({}, ...asked.map(({ gate }) => gate), gates) as GatePolicy;
}

/** A gate that a release is going to be judged by. */
export interface ExpectedGate {
  readonly id: GateId;
  readonly name: string;
  /** `default`: judged where there is something to judge; `off`: a default that the spec switches off. */
  readonly by: "spec" | "default" | "off";
}

/** The gates of a release as far as they are known before anything ran, in the order of the catalogue. */
export function expectedGates(
  { gates, off }: Pick<ReleasePolicy, "gates" | "off">,
  plan: { readonly compares: boolean },
): readonly ExpectedGate[] {
  const byDefault = DEFAULTS.filter(({ id }) => id !== "G22" || plan.compares).map(({ id }) => id);
  return (Object.keys(CATALOGUE) as GateId[]).flatMap((id): readonly ExpectedGate[] => {
    const { name } = CATALOGUE[id];
    if (gates[id] !== undefined) return [{ id, name, by: "spec" }];
    if (!byDefault.includes(id)) return [];
    return [{ id, name, by: off.includes(id) ? "off" : "default" }];
  });
}

/** Also where nothing came of the benchmarks: that is no reason to do without. */
function compares({ run }: GateFacts): boolean {
  return run?.jobs.some((job) => job.kind === "bench" && job.compares !== false) ?? false;
}

function promises({ promisedPolicy, promisedSms }: NonNullable<GateFacts["audits"]>[number]): boolean {
  return promisedPolicy !== null || promisedSms.length > 0;
}
