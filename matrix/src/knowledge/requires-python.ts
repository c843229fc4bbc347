import { admits, isSpecifierSet } from "../known/admits.ts";
import type { Candidate } from "../plan/plan.ts";
import { remembered } from "./remembered.ts";
import type { Answer, Rule } from "./judge.ts";

/** The candidate's Requires-Python (core metadata, PEP 440) against the cell's CPython: see `admits`. */
export function requiresPythonRule({ name, version, requiresPython, factsFrom }: Candidate): Rule {
  const rule = "requires-python";
  const specifiers = requiresPython?.trim() ?? "";
  const candidate = version === null ? name : `${name} ${version}`;
  const said = { rule, source: `Requires-Python in ${factsFrom}`, asOf: "" };
  return {
    name: rule,
    axes: ["python"],
    judge: remembered(["python"], ({ python }): Answer => {
      if (specifiers === "") return null;
      if (!isSpecifierSet(specifiers)) {
        return {
          answer: "unknown",
          ...said,
          reason: `${candidate} requires Python ${specifiers}, which is no version specifier of PEP 440`,
        };
      }
      const answer = admits(specifiers, python) ? "possible" : "impossible";
      return { answer, ...said, reason: `${candidate} requires Python ${specifiers}` };
    }),
  };
}
