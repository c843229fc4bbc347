import { suggestWord } from "./did-you-mean.ts";
import type { ProblemList } from "./problem-list.ts";
import { quote, shorten } from "./quote.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import { describe, type Place, type YamlScalar, type YamlValue } from "./yaml-value.ts";

/** One key of a section that the file has. */
export interface Field {
  readonly path: string;
  readonly keyAt: Place;
  readonly value: YamlValue;
}

export type Fields<K extends string> = { readonly [key in K]?: Field };

/** Sections and their keys: what kiln.yaml may hold. */
export const KEYS = {
  "": ["kiln", "version", "matrix", "build", "test", "retry"],
  matrix: ["os", "python"],
  build: ["env", "config-settings", "timeout", "log-limit"],
  test: ["requires", "extras", "files", "command", "env", "timeout", "log-limit"],
  retry: ["infrastructure"],
} as const;

export type Section = keyof typeof KEYS;

/** The known keys of a section; a section that is missing or empty has none. */
export function readSection<S extends Section>(
  section: S,
  value: YamlValue | undefined,
  problems: ProblemList,
): Fields<(typeof KEYS)[S][number]> {
  const fields: Partial<Record<(typeof KEYS)[S][number], Field>> = {};
  if (!value || value.type === "null") return fields;
  if (value.type !== "map") {
    const what = section === "" ? "the file" : section;
    problems.add(
      value.at,
      section,
      `${what} must be a mapping, not ${describe(value, quote)}`,
      `write ${example(section)}`,
    );
    return fields;
  }
  for (const { key, keyAt, value: inner } of value.entries) {
    const path = section === "" ? shorten(key) : `${section}.${shorten(key)}`;
    if (isKeyOf(section, key)) fields[key] = { path, keyAt, value: inner };
    else
      problems.add(
        keyAt,
        path,
        `unknown key ${quote(key)}${section === "" ? "" : ` in ${section}`}`,
        suggestKey(key, section),
      );
  }
  return fields;
}

function isKeyOf<S extends Section>(section: S, key: string): key is (typeof KEYS)[S][number] {
  return (KEYS[section] as readonly string[]).includes(key);
}

function example(section: Section): string {
  return section === "" ? "keys such as matrix: and test:" : `${section}: {${KEYS[section][0]}: …}`;
}

function suggestKey(key: string, section: Section): string {
  const homes = Object.keys(KEYS).filter((home) => isKeyOf(home as Section, key));
  if (homes.length === 0) return suggestWord(key, KEYS[section]);
  return `it belongs ${homes.map((home) => (home === "" ? "at the top level" : `under ${home}:`)).join(" or ")}`;
}

/** The text of a string, or of a number as it was written; null and a problem for anything else. */
export function readText(field: Field, shape: string, problems: ProblemList): string | null {
  const { value } = field;
  if ((value.type === "string" && value.text !== "") || value.type === "number") return value.text;
  wrongType(field.value, field.path, shape, problems);
  return null;
}

export function wrongType(value: YamlValue, path: string, shape: string, problems: ProblemList): void {
  const is = value.type === "null" ? "has no value" : `is ${describe(value, quote)}`;
  problems.add(value.at, path, `${path} ${is}`, `write ${shape}`);
}

/** What each item of a list must be: the item to keep, or null after saying what is wrong with it. */
export type ReadItem = (text: string, at: Place, path: string) => string | null;

/** A list of different, non-empty texts; a missing or empty one has none. */
export function readList(
  field: Field | undefined,
  shape: string,
  readItem: ReadItem,
  problems: ProblemList,
): readonly string[] {
  if (!field || field.value.type === "null") return [];
  if (field.value.type !== "list") {
    const { value } = field;
    const single =
      value.type === "string" || value.type === "number" ? `[${value.text.length <= 60 ? value.text : "…"}]` : shape;
    wrongType(value, field.path, `a list: ${single}`, problems);
    return [];
  }
  return readItems(field.value.items, field, shape, readItem, problems);
}

function readItems(
  items: readonly YamlValue[],
  field: Field,
  shape: string,
  readItem: ReadItem,
  problems: ProblemList,
): readonly string[] {
  const { path } = field;
  if (items.length > SPEC_LIMITS.listItemsMax) {
    problems.add(field.value.at, path, `${path} has ${items.length} items; the limit is ${SPEC_LIMITS.listItemsMax}`);
    return [];
  }
  const kept = new Set<string>();
  for (const [index, item] of items.entries()) {
    const itemPath = `${path}[${index}]`;
    const text = itemText(item, itemPath, shape, problems);
    const read = text === null ? null : readItem(text, item.at, itemPath);
    if (read === null) continue;
    if (kept.has(read))
      problems.add(item.at, itemPath, `${quote(read)} is listed twice in ${path}`, "keep one of the two");
    kept.add(read);
  }
  return [...kept];
}

function itemText(item: YamlValue, path: string, shape: string, problems: ProblemList): string | null {
  if ((item.type !== "string" && item.type !== "number") || item.text.trim() === "") {
    wrongType(item, path, `items like those of ${shape}`, problems);
    return null;
  }
  if (item.text.length > SPEC_LIMITS.listItemCharsMax) {
    problems.add(
      item.at,
      path,
      `${path} has ${item.text.length} characters; the limit is ${SPEC_LIMITS.listItemCharsMax}`,
    );
    return null;
  }
  if (/\p{Cc}/u.test(item.text)) {
    problems.add(item.at, path, `${path} has a control character: ${quote(item.text)}`);
    return null;
  }
  return item.text.trim();
}

/** Names to texts, as `env` and `config-settings` have them. Numbers and booleans keep the text they were written with. */
export function readEntries(
  field: Field | undefined,
  name: { readonly pattern: RegExp; readonly shape: string },
  problems: ProblemList,
): Readonly<Record<string, string>> {
  if (!field || field.value.type === "null") return {};
  const { value, path } = field;
  if (value.type !== "map") {
    wrongType(value, path, `a mapping of names to values: {${name.shape}: value}`, problems);
    return {};
  }
  const limit = (message: string) => problems.add(value.at, path, `${path} ${message}`);
  if (value.entries.length > SPEC_LIMITS.entriesMax) {
    limit(`has ${value.entries.length} entries; the limit is ${SPEC_LIMITS.entriesMax}`);
    return {};
  }
  const kept: [string, string][] = [];
  let chars = 0;
  for (const { key, keyAt, value: inner } of value.entries) {
    const innerPath = `${path}.${shorten(key)}`;
    if (!name.pattern.test(key) || key.length > SPEC_LIMITS.entryNameCharsMax) {
      problems.add(keyAt, innerPath, `${quote(key)} cannot be a name in ${path}`, `names look like ${name.shape}`);
    } else if (isScalar(inner) && !inner.text.includes("\0")) {
      chars += key.length + inner.text.length;
      kept.push([key, inner.text]);
    } else if (isScalar(inner)) {
      problems.add(inner.at, innerPath, `${innerPath} has a NUL character`);
    } else {
      wrongType(inner, innerPath, 'a text; "" for an empty one', problems);
    }
  }
  if (chars > SPEC_LIMITS.entriesCharsMax)
    limit(`has ${chars} characters; the limit is ${SPEC_LIMITS.entriesCharsMax}`);
  // Not by assignment: `__proto__` is a name like any other here.
  return Object.fromEntries(kept);
}

function isScalar(value: YamlValue): value is YamlScalar {
  return value.type === "string" || value.type === "number" || value.type === "boolean";
}
