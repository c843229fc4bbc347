import { CATALOGUE, type GateId } from "../rules/catalogue.ts";
import type { Waiver } from "../rules/waiver.ts";
import { suggestWord } from "../text/nearest-word.ts";
import { GATE_SECTIONS, UNJUDGED_GATES, writtenOptions } from "./gate-sections.ts";
import { day, fields, list, mapped, PolicyProblems, text, type OptionReader } from "./option-reader.ts";
import { describeNode, quoted, type NodePlace, type PolicyNode, type PolicyProblem } from "./policy-node.ts";
import type { FactSources, ReleasePolicy } from "./release-policy.ts";

/** What a spec says of gates, with places; null and absent: nothing. */
export interface PolicySections {
  readonly gates: PolicyNode | null;
  readonly waivers: PolicyNode | null;
  /** `gates` of the profiles, by the type of release. */
  readonly profiles: Readonly<Record<string, PolicyNode | null>>;
}

export type ReadPolicy =
  | { readonly ok: true; readonly policies: Readonly<Record<string, ReleasePolicy>> }
  /** Every mistake, in the order of the sections; never empty. */
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

/**
 * Reads what kiln.yaml says of gates into one policy for each type of release.
 * What a profile says of a gate is laid over what `gates:` says of it, option
 * by option.
 */
export function readPolicy({ gates, waivers, profiles }: PolicySections): ReadPolicy {
  const problems = new PolicyProblems();
  const common = readGates(gates, "gates", problems);
  const live = waivers === null || waivers.type === "null" ? [] : (WAIVERS.read(waivers, "waivers", problems) ?? []);
  const policies = Object.entries(profiles).map(([release, own]): [string, ReleasePolicy] => {
    const over = readGates(own, `profiles.${release}.gates`, problems);
    return [release, policyOf(new Map([...common, ...laidOver(common, over)]), live)];
  });
  if (problems.found.length > 0) return { ok: false, problems: problems.found };
  return { ok: true, policies: Object.fromEntries(policies) };
}

/** What was said of one gate. */
type Said =
  | { readonly kind: "off" }
  | { readonly kind: "on"; readonly options: Readonly<Record<string, unknown>>; readonly sources: FactSources };

function laidOver(
  common: ReadonlyMap<GateId, Said>,
  over: ReadonlyMap<GateId, Said>,
): readonly (readonly [GateId, Said])[] {
  return [...over].map(([id, said]) => {
    const under = common.get(id);
    if (said.kind === "off" || under?.kind !== "on") return [id, said];
    const sources = { ...under.sources, ...said.sources };
    return [id, { kind: "on", options: { ...under.options, ...said.options }, sources }];
  });
}

function policyOf(said: ReadonlyMap<GateId, Said>, waivers: readonly Waiver[]): ReleasePolicy {
  const gates: Record<string, object> = {};
  const off: GateId[] = [];
  let sources: FactSources = {};
  for (const [id, one] of said) {
    if (one.kind === "off") off.push(id);
    else {
      gates[id] = one.options;
      sources = { ...sources, ...one.sources };
    }
  }
  // Each option was read by the reader that the table gives to the gate's own option.
  return { gates, off, sources, waivers };
}

function readGates(node: PolicyNode | null, path: string, problems: PolicyProblems): ReadonlyMap<GateId, Said> {
  const said = new Map<GateId, Said>();
  if (node === null || node.type === "null") return said;
  if (node.type !== "map") {
    problems.add(
      node.at,
      path,
      `${path} is ${describeNode(node)}`,
      `write a mapping: ${path}: {coverage: {share-min: 80 %}}`,
    );
    return said;
  }
  for (const { key, keyAt, value } of node.entries) {
    const own = `${path}.${key.slice(0, 60)}`;
    const id = readGateName(key, keyAt, own, problems);
    if (id === null) continue;
    if (said.has(id)) {
      const message = `${CATALOGUE[id].name} and ${id} are one gate, and it stands here twice`;
      problems.add(keyAt, own, message, "keep one of the two");
    } else {
      const read = readGate(id, value, own, problems);
      if (read) said.set(id, read);
    }
  }
  return said;
}

/** A gate by its number, in any case, or by its name. */
function readGateName(name: string, at: NodePlace, path: string, problems: PolicyProblems): GateId | null {
  const ids = Object.keys(CATALOGUE) as GateId[];
  const id = ids.find((one) => one === name.toUpperCase() || CATALOGUE[one].name === name);
  if (id !== undefined) return id;
  const later = Object.entries(UNJUDGED_GATES).find(([one, title]) => one === name.toUpperCase() || title === name);
  if (later)
    problems.add(
      at,
      path,
      `this Kiln cannot judge ${later.join(" ")} yet`,
      "leave it out, and have a command in checks: look at it",
    );
  else
    problems.add(
      at,
      path,
      `there is no gate ${quoted(name)}`,
      suggestWord(
        name,
        ids.map((one) => CATALOGUE[one].name),
      ),
    );
  return null;
}

function readGate(id: GateId, node: PolicyNode, path: string, problems: PolicyProblems): Said | null {
  if (node.type === "null" || (node.type === "string" && node.text === "on"))
    return { kind: "on", options: {}, sources: {} };
  if (node.type === "string" && node.text === "off") return { kind: "off" };
  const known = writtenOptions(id);
  if (node.type !== "map") {
    const wish = node.type === "boolean" ? (node.text.toLowerCase() === "true" ? "write on" : "write off") : null;
    const options = known.length === 0 ? "" : ` or its options: ${known.join(", ")}`;
    problems.add(node.at, path, `${path} is ${describeNode(node)}`, wish ?? `write on, off${options}`);
    return null;
  }
  const section = GATE_SECTIONS[id];
  const options: Record<string, unknown> = {};
  const sources: Record<string, unknown> = {};
  for (const { key, keyAt, value } of node.entries) {
    const own = `${path}.${key.slice(0, 60)}`;
    const reads = (table: object) =>
      (Object.entries(table) as [string, readonly [string, OptionReader<unknown>]][]).find(
        ([, [written]]) => written === key,
      );
    const option = reads(section.options);
    const source = reads(section.sources);
    if (option) options[option[0]] = option[1][1].read(value, own, problems);
    else if (source) sources[source[0]] = source[1][1].read(value, own, problems);
    else {
      const suggestion =
        known.length === 0 ? `${CATALOGUE[id].name} has no options: write on or off` : suggestWord(key, known);
      problems.add(keyAt, own, `${CATALOGUE[id].name} has no option ${quoted(key)}`, suggestion);
    }
  }
  return { kind: "on", options, sources };
}

const WAIVER = "{gate: coverage, reason: why, who: ada, expires: 2026-12-31, digest: that of `kiln verdict RUN`}";
const DIGEST = "the candidate's digest, 64 characters, as `kiln verdict RUN` says it";

const gateName: OptionReader<GateId> = {
  shape: "a gate: coverage, or G16",
  read: (node, path, problems) => {
    if (node.type === "string") return readGateName(node.text, node.at, path, problems);
    problems.add(node.at, path, `${path} is ${describeNode(node)}`, "write a gate: coverage, or G16");
    return null;
  },
};

const WAIVERS = list(
  mapped(
    fields(
      {
        gate: gateName,
        reason: text("why the gate may stay shut"),
        who: text("who answers for it"),
        expires: day,
        digest: text(DIGEST, (digest) => /^[0-9a-f]{64}$/u.test(digest), "which is no digest"),
      },
      ["gate", "reason", "who", "expires", "digest"],
      WAIVER,
    ),
    ({ gate, reason = "", who = "", expires = 0, digest = "" }): Waiver => ({
      gate: gate ?? "",
      who,
      why: reason,
      expiresAtMs: expires,
      digest,
    }),
  ),
  `[${WAIVER}]`,
);
