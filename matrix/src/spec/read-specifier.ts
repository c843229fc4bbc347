import { isSpecifierSet } from "../known/admits.ts";
import type { ProblemList } from "./problem-list.ts";
import { quote } from "./quote.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import type { Place } from "./yaml-value.ts";

/** Whether a text is a specifier set of PEP 440; a problem says why not, with `suggestion` for one that has the wrong form. */
export function readSpecifier(
  specifier: string,
  at: Place,
  path: string,
  suggestion: string,
  problems: ProblemList,
): boolean {
  if (specifier.length > SPEC_LIMITS.versionCharsMax) {
    const message = `${path} has ${specifier.length} characters; the limit is ${SPEC_LIMITS.versionCharsMax}`;
    problems.add(at, path, message, "write fewer clauses");
    return false;
  }
  if (/^[~=!<>]/.test(specifier) && isSpecifierSet(specifier)) return true;
  problems.add(at, path, `${quote(specifier)} is no version specifier (PEP 440)`, suggestion);
  return false;
}
