import { wrongType, type Field } from "./fields.ts";
import type { ProblemList } from "./problem-list.ts";
import { shorten } from "./quote.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import type { Place, YamlValue } from "./yaml-value.ts";

/** The four lists of `matrix` whose entries name values of axes. */
export type EntryList = "include" | "exclude" | "override" | "keep";

/** Keys of entries that are no axes. */
export const ENTRY_KEYS = {
  include: ["when"],
  exclude: ["when", "reason"],
  override: ["when", "rules", "reason"],
  keep: ["when"],
} as const satisfies Readonly<Record<EntryList, readonly EntryKey[]>>;

type EntryKey = "when" | "reason" | "rules";

export const ENTRY_SHAPES: Readonly<Record<EntryList, string>> = {
  include: '{cuda: "12.1", gpu: H100}',
  exclude: '{torch: "2.1", cuda: "12.1"}',
  override: '{torch: "2.1", rules: [torch-wheel], reason: "…"}',
  keep: '{python: "3.8", torch: "2.1"}',
};

/** One entry as it is written, its keys told apart. */
export interface EntryFields {
  readonly path: string;
  readonly at: Place;
  readonly keys: { readonly [key in EntryKey]?: Field };
  /** Everything else: axes, or what should be. */
  readonly axes: readonly (Field & { readonly name: string })[];
}

/** Every axis, and what is no axis. */
const KEYS_MAX = SPEC_LIMITS.axesMax + 3;

/** The entries of a list of mappings; a list that is missing or empty has none. */
export function entryFields(list: EntryList, field: Field | undefined, problems: ProblemList): readonly EntryFields[] {
  if (!field || field.value.type === "null") return [];
  const { value, path } = field;
  if (value.type !== "list") {
    wrongType(value, path, `a list of mappings: [${ENTRY_SHAPES[list]}]`, problems);
    return [];
  }
  if (value.items.length > SPEC_LIMITS.matrixEntriesMax) {
    const message = `${path} has ${value.items.length} entries; the limit is ${SPEC_LIMITS.matrixEntriesMax}`;
    problems.add(
      value.at,
      path,
      message,
      "say more with fewer: an entry matches all that has its values, and a when takes lists",
    );
    return [];
  }
  return value.items.flatMap((item, index) => readEntry(list, item, `${path}[${index}]`, problems) ?? []);
}

function readEntry(list: EntryList, item: YamlValue, path: string, problems: ProblemList): EntryFields | null {
  if (item.type !== "map") {
    wrongType(item, path, ENTRY_SHAPES[list], problems);
    return null;
  }
  if (item.entries.length > KEYS_MAX) {
    const message = `${path} has ${item.entries.length} keys; the limit is ${KEYS_MAX}`;
    problems.add(item.at, path, message, `write ${ENTRY_SHAPES[list]}`);
    return null;
  }
  const keys: { -readonly [key in EntryKey]?: Field } = {};
  const axes: (Field & { name: string })[] = [];
  for (const { key, keyAt, value } of item.entries) {
    const field: Field = { path: `${path}.${shorten(key)}`, keyAt, value };
    const own = ENTRY_KEYS[list].find((one) => one === key);
    if (own === undefined) axes.push({ ...field, name: key });
    else keys[own] = field;
  }
  return { path, at: item.at, keys, axes };
}
