import { axisNameMistake, isAxisOf, isKnownAxis, readAxisName, type AxisNames } from "./axis-names.ts";
import { readAxisValue } from "./axis-value.ts";
import { suggestWord } from "./did-you-mean.ts";
import { ENTRY_KEYS, ENTRY_SHAPES, entryFields, type EntryFields, type EntryList } from "./entry-fields.ts";
import { readLine, readList, wrongType, type Field, type SectionFields } from "./fields.ts";
import type { ProblemList } from "./problem-list.ts";
import { quote } from "./quote.ts";
import { readCondition } from "./read-condition.ts";
import { RULE_NAMES } from "./rule-names.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import type { Assignment, Condition, ExcludeEntry, IncludeEntry, KeepEntry, OverrideEntry, SpecPlace } from "./spec.ts";

export interface MatrixEntries {
  readonly include: readonly IncludeEntry[];
  readonly exclude: readonly ExcludeEntry[];
  readonly overrides: readonly OverrideEntry[];
  readonly keep: readonly KeepEntry[];
  /** Axes that the matrix and its entries speak of. */
  readonly names: AxisNames;
}

/** Include, exclude, override and keep of a matrix with the axes `matrix`. */
export function readMatrixEntries(
  fields: SectionFields<"matrix">,
  matrix: ReadonlySet<string>,
  problems: ProblemList,
): MatrixEntries {
  const included = entryFields("include", fields.include, problems);
  const keys = included.flatMap(({ axes }) => axes.map(({ name }) => name));
  const added = keys.filter((name) => isKnownAxis(name) || axisNameMistake(name, "") === null);
  const names: AxisNames = { matrix, all: new Set([...matrix, ...added]) };
  const read = <E>(list: EntryList, entry: (raw: EntryFields, base: KeepEntry) => E): readonly E[] => {
    const entries = list === "include" ? included : entryFields(list, fields[list], problems);
    return entries.map((raw) => entry(raw, readBase(list, raw, names, problems)));
  };
  return {
    include: read("include", (_raw, base): IncludeEntry => base),
    exclude: read("exclude", ({ keys }, base): ExcludeEntry => ({
      ...base,
      reason: readReason(keys.reason, problems),
    })),
    overrides: read("override", (raw, base): OverrideEntry => {
      if (!raw.keys.reason) {
        const suggestion = 'add reason: "we build torch ourselves"';
        problems.add(raw.at, raw.path, `${raw.path} gives no reason, and it overrules what Kiln knows`, suggestion);
      }
      return { ...base, rules: readRules(raw.keys.rules, problems), reason: readReason(raw.keys.reason, problems) };
    }),
    keep: read("keep", (_raw, base): KeepEntry => base),
    names,
  };
}

interface Base {
  readonly values: Assignment;
  readonly when: Condition | null;
  readonly place: SpecPlace;
}

function readBase(list: EntryList, raw: EntryFields, names: AxisNames, problems: ProblemList): Base {
  const { path, at, keys, axes } = raw;
  const values: [string, string][] = [];
  for (const field of axes) {
    const value = isKey(list, field, names, problems) ? readValue(list, field, problems) : null;
    if (value !== null) values.push([field.name, value]);
  }
  const when = readCondition(keys.when, list === "exclude" ? names.matrix : names.all, problems);
  if (axes.length === 0 && (list === "include" || !keys.when)) {
    const effect = {
      include: "adds nothing",
      exclude: "excludes everything",
      override: "matches everything",
      keep: "keeps everything",
    };
    problems.add(at, path, `${path} names no value of an axis, so it ${effect[list]}`, `write ${ENTRY_SHAPES[list]}`);
  }
  return { values: Object.fromEntries(values), when, place: at };
}

/**
 * As in GitHub Actions, an include may bring keys of its own and an exclude may
 * not: it is judged before any include. What comes after includes may name theirs.
 */
function isKey(
  list: EntryList,
  { name, keyAt, path }: EntryFields["axes"][number],
  names: AxisNames,
  problems: ProblemList,
): boolean {
  if (list === "include") {
    return names.matrix.has(name) || isKnownAxis(name) || readAxisName(name, keyAt, path, "", problems);
  }
  if (list === "exclude" && names.all.has(name) && !names.matrix.has(name)) {
    const message = `${quote(name)} is only added by an include, and exclude is judged before include`;
    problems.add(keyAt, path, message, "give the include a when: that leaves these out");
    return false;
  }
  const axes = list === "exclude" ? names.matrix : names.all;
  return isAxisOf(axes, name, ENTRY_KEYS[list], keyAt, path, problems);
}

function readValue(
  list: EntryList,
  { name, path, value }: EntryFields["axes"][number],
  problems: ProblemList,
): string | null {
  const isText = value.type === "string" || value.type === "number" || value.type === "boolean";
  if (isText && value.text.trim() !== "") return readAxisValue(name, value.text.trim(), value.at, path, problems);
  if (value.type === "list") {
    const suggestion = list === "include" ? "write an entry for each" : `several go under when: {${name}: […]}`;
    problems.add(value.at, path, `${path} is a list; an entry names one value`, suggestion);
  } else wrongType(value, path, `one value of the axis: ${ENTRY_SHAPES[list]}`, problems);
  return null;
}

function readReason(field: Field | undefined, problems: ProblemList): string {
  if (!field) return "";
  return readLine(field, 'why: "upstream has no such wheel"', SPEC_LIMITS.reasonCharsMax, problems) ?? "";
}

function readRules(field: Field | undefined, problems: ProblemList): readonly string[] {
  if (!field) return [];
  const { value, path } = field;
  if (value.type === "null" || (value.type === "list" && value.items.length === 0)) {
    problems.add(value.at, path, `${path} names no rule`, "name rules, or leave the key out to set all aside");
    return [];
  }
  const readRule = (text: string, at: SpecPlace, itemPath: string): string | null => {
    if (RULE_NAMES.includes(text)) return text;
    const message = text === "not-supported" ? `${quote(text)} cannot be overridden` : `unknown rule ${quote(text)}`;
    problems.add(at, itemPath, message, suggestWord(text, RULE_NAMES));
    return null;
  };
  return readList(field, { shape: "[torch-wheel, glibc]" }, readRule, problems);
}
