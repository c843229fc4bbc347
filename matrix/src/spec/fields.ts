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

const MEASURE = [
  "when",
  "command",
  "requires",
  "files",
  "env",
  "secrets",
  "container",
  "agents",
  "timeout",
  "log-limit",
] as const;
const BENCH = [...MEASURE, "format", "results", "metrics", "columns", "baseline", "bound-by"] as const;
const PROFILE = [...MEASURE, "kernels", "launch-skip", "launch-count"] as const;
const COMMAND = [
  "name",
  "command",
  "requires",
  "files",
  "env",
  "secrets",
  "container",
  "agents",
  "timeout",
  "log-limit",
] as const;

/** Sections and their keys: what kiln.yaml may hold. `*` and `[]` stand for each entry of a mapping or list. */
export const KEYS = {
  "": [
    "kiln",
    "version",
    "release",
    "matrix",
    "profiles",
    "build",
    "test",
    "checks",
    "scans",
    "bench",
    "profile",
    "retry",
    "max-parallel",
    "gates",
    "waivers",
  ],
  matrix: [
    "os",
    "python",
    "torch",
    "cuda",
    "gpu",
    "driver",
    "axes",
    "include",
    "exclude",
    "override",
    "keep",
    "unknown",
  ],
  profiles: ["patch", "minor", "major", "hotfix"],
  "profiles.*": ["reduce", "jobs", "gates"],
  build: [
    "wheel",
    "wheels",
    "env",
    "secrets",
    "config-settings",
    "frontend",
    "reproducible",
    "container",
    "agents",
    "timeout",
    "log-limit",
  ],
  "build.wheels[]": ["name", "when", "kind", "python", "torch", "cuda", "arch-list", "policy", "local-version"],
  test: [
    "requires",
    "extras",
    "files",
    "command",
    "repeat-failed",
    "gpu",
    "env",
    "secrets",
    "container",
    "agents",
    "timeout",
    "log-limit",
  ],
  "checks[]": COMMAND,
  "scans[]": COMMAND,
  bench: BENCH,
  "bench.columns": ["benchmark", "params"],
  "bench.baseline": ["commit"],
  profile: PROFILE,
  "*.container": ["image", "network"],
  "*.agents": ["labels", "gpus", "gpu-memory"],
  retry: ["infrastructure"],
} as const;

export type Section = keyof typeof KEYS;
export type SectionFields<S extends Section> = Fields<(typeof KEYS)[S][number]>;

/** The known keys of a section; a section that is missing or empty has none. `path` is where it stands. */
export function readSection<S extends Section>(
  section: S,
  value: YamlValue | undefined,
  problems: ProblemList,
  path: string = section,
): SectionFields<S> {
  const fields: Partial<Record<(typeof KEYS)[S][number], Field>> = {};
  if (!value || value.type === "null") return fields;
  if (value.type !== "map") {
    const what = section === "" ? "the file" : path;
    const message = `${what} must be a mapping, not ${describe(value, quote)}`;
    problems.add(value.at, path, message, `write ${example(section)}`);
    return fields;
  }
  for (const { key, keyAt, value: inner } of value.entries) {
    const innerPath = section === "" ? shorten(key) : `${path}.${shorten(key)}`;
    if (isKeyOf(section, key)) fields[key] = { path: innerPath, keyAt, value: inner };
    else {
      const message = `unknown key ${quote(key)}${section === "" ? "" : ` in ${path}`}`;
      problems.add(keyAt, innerPath, message, suggestKey(key, section));
    }
  }
  return fields;
}

function isKeyOf<S extends Section>(section: S, key: string): key is (typeof KEYS)[S][number] {
  return (KEYS[section] as readonly string[]).includes(key);
}

function example(section: Section): string {
  if (section === "") return "keys such as matrix: and test:";
  const entry = `{${KEYS[section][0]}: …}`;
  return /[[*]/.test(section) ? entry : `${section}: ${entry}`;
}

function suggestKey(key: string, section: Section): string {
  const homes = (Object.keys(KEYS) as Section[]).filter((home) => isKeyOf(home, key));
  if (homes.length > 0) return `it belongs ${homes.map(homeWords).join(" or ")}`;
  const meant = suggestWord(key, KEYS[section]);
  if (section !== "matrix" || meant.startsWith("did you mean")) return meant;
  return `${meant}; an axis of your own goes under axes:, as in axes: {backend: [eager, compiled]}`;
}

function homeWords(home: Section): string {
  if (home === "") return "at the top level";
  if (home === "*.container") return "under container: of a kind of job, such as build:";
  if (home === "*.agents") return "under agents: of a kind of job, such as test:";
  if (home === "profiles.*") return "under a type of release in profiles:";
  return home.endsWith("[]") ? `in an entry of ${home.slice(0, -2)}:` : `under ${home}:`;
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

/** A text on one line, without the spaces around it; null and a problem for anything else. */
export function readLine(field: Field, shape: string, charsMax: number, problems: ProblemList): string | null {
  const text = readText(field, shape, problems)?.trim() ?? null;
  if (text === null) return null;
  const wrong = (message: string) =>
    problems.add(field.value.at, field.path, `${field.path} ${message}`, `write ${shape}`);
  if (text === "") wrong("is empty");
  else if (text.length > charsMax) wrong(`has ${text.length} characters; the limit is ${charsMax}`);
  else if (/\p{Cc}/u.test(text)) wrong(`has a control character: ${quote(text)}`);
  else return text;
  return null;
}

/** One of a few words; the first is the one that a missing key means. */
export function readChoice<W extends string>(
  field: Field | undefined,
  words: readonly [W, ...W[]],
  problems: ProblemList,
): W {
  if (!field) return words[0];
  const { value, path } = field;
  const word = words.find((one) => value.type === "string" && value.text === one);
  if (word !== undefined) return word;
  const shape = `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
  if (value.type !== "string" || value.text === "") wrongType(value, path, shape, problems);
  else problems.add(value.at, path, `${path} cannot be ${quote(value.text)}`, suggestWord(value.text, words));
  return words[0];
}

/** What each item of a list must be: the item to keep, or null after saying what is wrong with it. */
export type ReadItem = (text: string, at: Place, path: string) => string | null;

export interface ListRules {
  /** An item or two, for messages: `[pytest, "numpy>=2"]`. */
  readonly shape: string;
  readonly itemsMax?: number;
  /** Take `true` and `false` by their text. */
  readonly booleans?: boolean;
}

/** A list of different, non-empty texts; a missing or empty one has none. */
export function readList(
  field: Field | undefined,
  rules: ListRules,
  readItem: ReadItem,
  problems: ProblemList,
): readonly string[] {
  if (!field || field.value.type === "null") return [];
  if (field.value.type !== "list") {
    wrongType(field.value, field.path, `a list: ${listOf(field.value) ?? rules.shape}`, problems);
    return [];
  }
  return readItems(field.value.items, field, rules, readItem, problems);
}

/** How a list of one value is written; null for what is none. */
export function listOf(value: YamlValue): string | null {
  if (value.type !== "string" && value.type !== "number") return null;
  if (value.text.length > 60) return "[…]";
  // What YAML would read as a number, or as something with a structure, needs quotes.
  return /^[\d.+-]|[^A-Za-z0-9._+/-]/.test(value.text) ? `["${value.text}"]` : `[${value.text}]`;
}

function readItems(
  items: readonly YamlValue[],
  field: Field,
  rules: ListRules,
  readItem: ReadItem,
  problems: ProblemList,
): readonly string[] {
  const { path } = field;
  const { itemsMax = SPEC_LIMITS.listItemsMax } = rules;
  if (items.length > itemsMax) {
    problems.add(field.value.at, path, `${path} has ${items.length} items; the limit is ${itemsMax}`);
    return [];
  }
  const kept = new Set<string>();
  for (const [index, item] of items.entries()) {
    const itemPath = `${path}[${index}]`;
    const text = itemText(item, itemPath, rules, problems);
    const read = text === null ? null : readItem(text, item.at, itemPath);
    if (read === null) continue;
    if (kept.has(read)) {
      const same = read === text ? "" : `, as ${quote(text ?? "")}`;
      problems.add(item.at, itemPath, `${quote(read)} is listed twice in ${path}${same}`, "keep one of the two");
    }
    kept.add(read);
  }
  return [...kept];
}

function itemText(
  item: YamlValue,
  path: string,
  { shape, booleans = false }: ListRules,
  problems: ProblemList,
): string | null {
  const isText = item.type === "string" || item.type === "number" || (booleans && item.type === "boolean");
  if (!isText || item.text.trim() === "") {
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
