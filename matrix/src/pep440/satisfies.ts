import { explain, validRange } from "@renovatebot/pep440";
import { compareVersions, withoutLocal } from "./compare-versions.ts";

/**
 * Whether a version satisfies a PEP 440 specifier set, ">=2.1,<2.4"; the empty
 * set admits everything, and so do empty clauses, as in ">=3.6,". Pre-releases are
 * versions like others here: whether to offer them is for the caller to decide.
 * False for what is no version or no specifier set.
 *
 * @renovatebot/pep440 reads versions and clauses. Clauses are decided here, because
 * the library refuses 1.0 under `>1.0rc1`, 1.0.post3 under `>1.0.post2` and 1.0a1
 * under `<1.0b2` (PEP 440, "Exclusive ordered comparison"), and 1.0 under `==1.0.0.*`,
 * where zeros must be added ("Version matching").
 */
export function satisfies(version: string, specifiers: string): boolean {
  const explained = explain(version);
  if (!explained) return false;
  const clauses = specifiers.split(",").filter((clause) => clause.trim() !== "");
  return clauses.every((clause) => satisfiesClause(version.trim(), clause.trim()));
}

function satisfiesClause(version: string, clause: string): boolean {
  if (!validRange(clause)) return false;
  const [, operator = "", wanted = ""] = /^(===|~=|[=!<>]=|<|>)\s*(.*)$/.exec(clause) ?? [];
  if (operator === "===") return version.toLowerCase() === wanted.toLowerCase();
  if (wanted.endsWith(".*")) return hasPrefix(version, wanted.slice(0, -2)) === (operator === "==");
  if (operator === "~=") return ordered(version, ">=", wanted) && hasPrefix(version, seriesOf(wanted));
  return ordered(version, operator, wanted);
}

function ordered(version: string, operator: string, wanted: string): boolean {
  // A clause without a local version speaks of public versions.
  const order = compareVersions(wanted.includes("+") ? version : withoutLocal(version), wanted);
  switch (operator) {
    case "==":
      return order === 0;
    case "!=":
      return order !== 0;
    case ">=":
      return order >= 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0 && !isPostReleaseOf(version, wanted);
    default:
      return order < 0 && !isPreReleaseOf(version, wanted);
  }
}

/** `>1.7` does not mean 1.7.post1, nor `>1.7rc1` 1.7rc1.post1; a clause that names a post-release has none. */
function isPostReleaseOf(version: string, wanted: string): boolean {
  const [own, other] = [explain(version), explain(wanted)];
  if (!own?.is_postrelease || !other || other.is_postrelease || other.is_devrelease) return false;
  return own.pre?.join("") === other.pre?.join("") && isOfRelease(own.base_version, other.base_version);
}

/** `<1.7` does not mean 1.7rc1, nor `<1.7.post2` 1.7.post2.dev1; a clause that names a pre-release has none. */
function isPreReleaseOf(version: string, wanted: string): boolean {
  const [own, other] = [explain(version), explain(wanted)];
  if (!own?.is_prerelease || !other || other.is_prerelease) return false;
  const isOfPost = !other.is_postrelease || (own.post === other.post && own.pre === null);
  return isOfPost && isOfRelease(own.base_version, other.base_version);
}

function isOfRelease(base: string, other: string): boolean {
  return compareVersions(base, other) === 0;
}

/** `==1.1.*`: the release begins so, with zeros added where it is shorter. */
function hasPrefix(version: string, prefix: string): boolean {
  const [own, wanted] = [explain(version), explain(prefix)];
  if (!own || !wanted || own.epoch !== wanted.epoch) return false;
  return wanted.release.every((part, index) => (own.release[index] ?? 0) === part);
}

/** `~=1.4.5` is `>=1.4.5, ==1.4.*`; the epoch stays. */
function seriesOf(wanted: string): string {
  const explained = explain(wanted);
  return `${explained?.epoch ?? 0}!${explained?.release.slice(0, -1).join(".") ?? ""}`;
}
