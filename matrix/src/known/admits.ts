import { satisfies, validRange } from "@renovatebot/pep440";
import { knownPython } from "./pythons.ts";

/** True for a PEP 440 specifier set such as `>=3.9,<3.14`; true for the empty text, which admits everything. */
export function isSpecifierSet(text: string): boolean {
  return validRange(withoutEmptyClauses(text));
}

/** Metadata in the wild has `>=3.6,`; PEP 440's reference implementation skips the empty clause, and so does this. */
function withoutEmptyClauses(specifiers: string): string {
  return specifiers
    .split(",")
    .filter((clause) => clause.trim() !== "")
    .join(",");
}

/**
 * Whether a PEP 440 specifier set (a Requires-Python, say) admits a feature
 * version such as "3.9" or "3.13t".
 *
 * A specifier speaks of exact releases, a cell of a feature version, and which
 * patch release an agent has is not known when planning. The feature version
 * stands for its newest release, as `>=3.9.1`, `!=3.9.7` and `==3.12.*` are
 * meant: taking "3.9" for 3.9.0 would exclude 3.9 under `>=3.9.1`, and `<=3.9`
 * does exclude every 3.9 but the first. The table of releases ages, so a patch
 * release that is newer than the table is tried too: `>=3.14.9` must not be
 * excluded because the table ends at 3.14.7. An agent whose patch release is
 * older than what the specifier asks for fails in the job, visibly.
 */
export function admits(specifiers: string, feature: string): boolean {
  const version = feature.replace(/t$/, "");
  const newest = knownPython(feature)?.newest ?? `${version}.0`;
  const clauses = withoutEmptyClauses(specifiers);
  return satisfies(newest, clauses) || satisfies(`${version}.${PATCH_TO_COME}`, clauses);
}

/** Past every patch release that CPython will have. */
const PATCH_TO_COME = 999;
