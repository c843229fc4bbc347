import { suggestWord } from "./did-you-mean.ts";
import type { ProblemList } from "./problem-list.ts";
import { quote } from "./quote.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import { KNOWN_AXES, type KnownAxis } from "./spec.ts";
import type { Place } from "./yaml-value.ts";

/** Which axes combinations of a matrix can have. */
export interface AxisNames {
  /** Of every combination: `os`, `python` and what the matrix names. */
  readonly matrix: ReadonlySet<string>;
  /** Those and the keys that its includes add. */
  readonly all: ReadonlySet<string>;
}

/** Keys of entries that are no axes. */
const RESERVED = ["when", "reason", "rules"];

export function isKnownAxis(name: string): name is KnownAxis {
  return (KNOWN_AXES as readonly string[]).includes(name);
}

/** Whether a text can name an axis of the user's own; a problem says why not. `home` is where names of known axes belong. */
export function readAxisName(name: string, at: Place, path: string, home: string, problems: ProblemList): boolean {
  const mistake = axisNameMistake(name, home);
  if (mistake) problems.add(at, path, ...mistake);
  return mistake === null;
}

/** What is wrong with the name of an axis of the user's own, and what to do; null when nothing is. */
export function axisNameMistake(name: string, home: string): readonly [message: string, suggestion: string] | null {
  const known = KNOWN_AXES.find((axis) => axis === name.toLowerCase());
  if (known !== undefined) return [`${quote(name)} is an axis that Kiln knows`, `write ${home}${known}: …`];
  if (RESERVED.includes(name)) {
    return [`${quote(name)} cannot name an axis`, "entries of the matrix have that key; take another name"];
  }
  // What every object answers to would be mistaken for a value somewhere.
  if (name in Object.prototype) return [`${quote(name)} cannot name an axis`, "take another name"];
  if (name.length > SPEC_LIMITS.axisNameCharsMax) {
    const message = `the name of an axis has ${name.length} characters; the limit is ${SPEC_LIMITS.axisNameCharsMax}`;
    return [message, "take a shorter name: it stands in the names of all cells"];
  }
  if (/^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(name)) return null;
  return [`${quote(name)} cannot name an axis`, "names are letters, digits and . _ + -, such as backend"];
}

/** Whether `name` is among `axes`; a problem says what it is instead. `others` are keys that may stand there too. */
export function isAxisOf(
  axes: ReadonlySet<string>,
  name: string,
  others: readonly string[],
  at: Place,
  path: string,
  problems: ProblemList,
): boolean {
  if (axes.has(name)) return true;
  if (problems.has(at)) return false;
  const meant = isKnownAxis(name)
    ? `add ${name}: to the matrix, or leave it out here`
    : suggestWord(name, [...axes, ...others]);
  problems.add(at, path, `${quote(name)} is no axis of this matrix`, meant);
  return false;
}
