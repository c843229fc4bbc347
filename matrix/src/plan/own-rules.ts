import { osTarget, platformOf } from "../known/os-target.ts";
import { KNOWN_RANGE, knownPython } from "../known/pythons.ts";
import type { Rule } from "../knowledge/rule.ts";
import { rulesOf } from "../knowledge/rule.ts";
import type { ExcludeEntry, SpecPlaces } from "../spec/spec.ts";
import type { PlanContext } from "./plan-inputs.ts";
import type { CellAxes, FarmPython, Reason } from "./plan.ts";

/** Name of the rule that is the user's own `exclude`. */
const EXCLUDE = "exclude";
/** What Kiln cannot plan for at all; no override helps. */
export const NOT_SUPPORTED = "not-supported";

/**
 * The rules of a plan, the most lasting first:
 * - `not-supported`: no Kiln plans for that platform or Python;
 * - what the data and the candidate's metadata say (`rulesOf`);
 * - `not-available`: the matrix asks for what the agents have, and none of that platform has it.
 *
 * Before all of them stands `exclude`: what the user leaves out is not asked after.
 */
export function planRules({ spec, candidate, farm, knowledge }: PlanContext): readonly Rule[] {
  const rules = [notSupported(), ...rulesOf(knowledge, candidate)];
  return spec.axes.python.kind === "available" ? [...rules, notAvailable(farm)] : rules;
}

/** A user's own exclude as a reason that can be printed beside the rules'. */
export function excludeReason({ reason, place }: ExcludeEntry, { file }: SpecPlaces): Reason {
  return {
    rule: EXCLUDE,
    reason: reason === "" ? "the spec excludes it" : reason,
    source: `${file === "" ? "kiln.yaml" : file}:${place.line}`,
    asOf: "",
  };
}

const KILN = "Kiln's table of platforms and Pythons";

function notSupported(): Rule {
  const says = (answer: "possible" | "impossible", reason: string) => {
    return { answer, rule: NOT_SUPPORTED, reason, source: KILN, asOf: "" };
  };
  return {
    name: NOT_SUPPORTED,
    axes: ["os", "python"],
    judge({ os, python }: CellAxes) {
      if (!osTarget(os)) return says("impossible", `Kiln does not plan for the platform ${os}`);
      if (!knownPython(python)) return says("impossible", `Kiln plans for ${KNOWN_RANGE}, not for ${python}`);
      return says("possible", `Kiln plans for CPython ${python} on ${os}`);
    },
  };
}

function notAvailable(farm: readonly FarmPython[]): Rule {
  const has = new Set(farm.map(({ platform, feature }) => `${platform}|${feature}`));
  const rule = "not-available";
  const source = "the agents that were online when the run was planned";
  return {
    name: rule,
    axes: ["os", "python"],
    judge({ os, python }: CellAxes) {
      const platform = platformOf(os);
      return has.has(`${platform}|${python}`)
        ? { answer: "possible", rule, reason: `an agent on ${platform} has CPython ${python}`, source, asOf: "" }
        : { answer: "impossible", rule, reason: `no agent on ${platform} has CPython ${python}`, source, asOf: "" };
    },
  };
}
