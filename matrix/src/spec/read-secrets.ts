import { suggestWord } from "./did-you-mean.ts";
import { readList, type Field } from "./fields.ts";
import type { ProblemList } from "./problem-list.ts";
import { quote } from "./quote.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import type { SecretRef, Spec } from "./spec.ts";
import type { Place } from "./yaml-value.ts";

/** A name of a secret is also the name of a variable: upper case, as such names are. */
export const SECRET_NAME = /^[A-Z][A-Z0-9_]{0,62}$/;
/** Variables that Kiln itself sets. */
const OWN_PREFIX = "KILN_";

/** The names of secrets that a kind of job gets, in the order written. `env` is what it sets besides. */
export function readSecrets(
  field: Field | undefined,
  env: Readonly<Record<string, string>>,
  problems: ProblemList,
): readonly SecretRef[] {
  const refs = new Map<string, SecretRef>();
  const readOne = (name: string, place: Place, path: string): string | null => {
    const wrong = (message: string, suggestion: string) => {
      problems.add(place, path, `${quote(name)} ${message}`, suggestion);
      return null;
    };
    if (!SECRET_NAME.test(name)) {
      const meant = name.toUpperCase().replace(/[^A-Z0-9_]+/g, "_");
      const like = SECRET_NAME.test(meant) ? meant : "INDEX_TOKEN";
      return wrong("cannot be a secret's name", `write it like ${like}: upper-case letters, digits and _`);
    }
    if (name.startsWith(OWN_PREFIX))
      return wrong("is a name of Kiln's own", "take a name that does not begin with KILN_");
    if (Object.hasOwn(env, name)) return wrong("is in env, too", "keep one of the two");
    refs.set(name, { name, path, place: { line: place.line, column: place.column } });
    return name;
  };
  const itemsMax = SPEC_LIMITS.secretsMax;
  return readList(field, { shape: "[INDEX_TOKEN]", itemsMax }, readOne, problems).flatMap(
    (name) => refs.get(name) ?? [],
  );
}

/** Every secret that the spec names, wherever it stands. */
export function secretsOf(spec: Spec): readonly SecretRef[] {
  const { build, test, checks, scans, bench, profile } = spec;
  return [build, test, ...checks, ...scans, bench, profile].flatMap((part) => part?.secrets ?? []);
}

/** What to write instead of a secret that there is not, of those that there are. */
export function suggestSecret(name: string, known: readonly string[]): string {
  const meant = suggestWord(name, known);
  const set = `set it with \`kiln secret set ${name}\``;
  return meant.startsWith("did you mean") ? `${meant} Or ${set}` : set;
}
