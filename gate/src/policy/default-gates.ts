import type { GateId, GatePolicy } from "../rules/catalogue.ts";
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

/** Also where nothing came of the benchmarks: that is no reason to do without. */
function compares({ run }: GateFacts): boolean {
  return run?.jobs.some((job) => job.kind === "bench" && job.compares !== false) ?? false;
}

function promises({ promisedPolicy, promisedSms }: NonNullable<GateFacts["audits"]>[number]): boolean {
  return promisedPolicy !== null || promisedSms.length > 0;
}
