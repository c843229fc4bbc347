import { admits } from "../known/admits.ts";
import { isKnownPlatform } from "../known/platforms.ts";
import { KNOWN_RANGE, knownPython } from "../known/pythons.ts";
import type { SpecAxes } from "../spec/spec.ts";
import type { Candidate, Cell, ExcludedCell, FarmPython } from "./plan.ts";

type Why = Pick<ExcludedCell, "rule" | "reason" | "source">;
type Rule = (cell: Cell) => Why | null;

/**
 * Why a cell of the matrix is not planned, or null when it is. The first rule
 * that applies is given, the most lasting one first:
 * - `not-supported`: no Kiln plans for that platform or Python;
 * - `requires-python`: the candidate's metadata rules the Python out (PEP 440, see `admits`);
 * - `not-available`: the matrix asks for what the agents have, and none of that platform has it.
 */
export function excluder(axes: SpecAxes, candidate: Candidate, farm: readonly FarmPython[]): Rule {
  const rules = [notSupported, requiresPython(candidate), notAvailable(axes, farm)];
  return (cell) => {
    for (const rule of rules) {
      const why = rule(cell);
      if (why) return why;
    }
    return null;
  };
}

const KILN = "Kiln's table of platforms and Pythons";

function notSupported({ axes: { os, python } }: Cell): Why | null {
  const rule = "not-supported";
  if (!isKnownPlatform(os)) return { rule, reason: `Kiln does not plan for the platform ${os}`, source: KILN };
  if (!knownPython(python)) return { rule, reason: `Kiln plans for ${KNOWN_RANGE}, not for ${python}`, source: KILN };
  return null;
}

function requiresPython({ name, version, requiresPython: specifiers, factsFrom }: Candidate): Rule {
  if (specifiers === null) return () => null;
  const reason = `${version === null ? name : `${name} ${version}`} requires Python ${specifiers.trim()}`;
  const why = { rule: "requires-python", reason, source: `Requires-Python in ${factsFrom}` };
  const verdicts = new Map<string, Why | null>();
  return ({ axes: { python } }) => {
    const known = verdicts.get(python);
    if (known !== undefined) return known;
    const verdict = admits(specifiers, python) ? null : why;
    verdicts.set(python, verdict);
    return verdict;
  };
}

function notAvailable(axes: SpecAxes, farm: readonly FarmPython[]): Rule {
  if (axes.python.kind !== "available") return () => null;
  const has = new Set(farm.map(({ platform, feature }) => `${platform}|${feature}`));
  return ({ axes: { os, python } }) => {
    if (has.has(`${os}|${python}`)) return null;
    const reason = `no agent on ${os} has CPython ${python}`;
    return { rule: "not-available", reason, source: "the agents that were online when the run was planned" };
  };
}
