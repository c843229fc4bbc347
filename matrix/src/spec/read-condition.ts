import { isAxisOf } from "./axis-names.ts";
import { isAxisValue, readAxisValue, shapeOf } from "./axis-value.ts";
import { listOf, readList, wrongType, type Field } from "./fields.ts";
import type { ProblemList } from "./problem-list.ts";
import { shorten } from "./quote.ts";
import { readSpecifier } from "./read-specifier.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import type { Condition, ConditionTest } from "./spec.ts";
import type { Place, YamlList } from "./yaml-value.ts";

/** Axes whose values are versions, so that a specifier can speak of them. */
const VERSIONED = ["python", "torch", "cuda", "driver"];

/**
 * A `when`; null when there is none. One without tests is a mistake: an `exclude`
 * whose condition was forgotten must not become an exclude without one.
 */
export function readCondition(
  field: Field | undefined,
  axes: ReadonlySet<string>,
  problems: ProblemList,
): Condition | null {
  if (!field) return null;
  const { value, path } = field;
  if (value.type !== "map" || value.entries.length === 0) {
    const shape = 'axes and what they must be: {python: "<3.9", os: [windows-11]}';
    if (value.type === "map") problems.add(value.at, path, `${path} is empty`, `write ${shape}`);
    else wrongType(value, path, shape, problems);
    return null;
  }
  if (value.entries.length > SPEC_LIMITS.axesMax) {
    const message = `${path} has ${value.entries.length} keys; the limit is ${SPEC_LIMITS.axesMax}`;
    problems.add(value.at, path, message, "a matrix has no more axes");
    return null;
  }
  const tests: [string, ConditionTest][] = [];
  for (const { key: axis, keyAt, value: inner } of value.entries) {
    const testPath = `${path}.${shorten(axis)}`;
    if (!isAxisOf(axes, axis, [], keyAt, testPath, problems)) continue;
    const test = readTest(axis, { path: testPath, keyAt, value: inner }, problems);
    if (test) tests.push([axis, test]);
  }
  return Object.fromEntries(tests);
}

function readTest(axis: string, field: Field, problems: ProblemList): ConditionTest | null {
  const { value, path } = field;
  const versioned = VERSIONED.includes(axis);
  if (value.type === "list") return readAnyOf(axis, field, value, problems);
  const shape = versioned
    ? `a specifier such as ">=${EXAMPLES[axis]}", or a list: ${shapeOf(axis)}`
    : `a list: ${shapeOf(axis)}`;
  const single = listOf(value);
  const isOne = single !== null && value.type !== "map" && isAxisValue(axis, value.text.trim());
  if (!versioned || value.type !== "string" || value.text.trim() === "" || isOne) {
    wrongType(value, path, isOne ? `a list: ${single}` : shape, problems);
    return null;
  }
  const specifier = value.text.trim();
  return readSpecifier(specifier, value.at, path, `write ${shape}`, problems) ? { kind: "specifier", specifier } : null;
}

function readAnyOf(axis: string, field: Field, list: YamlList, problems: ProblemList): ConditionTest {
  const known = read.get(list)?.get(axis);
  if (known) return known;
  if (list.items.length === 0) {
    problems.add(list.at, field.path, `${field.path} is an empty list, so it never holds`, `write ${shapeOf(axis)}`);
  }
  const rules = { shape: shapeOf(axis), itemsMax: SPEC_LIMITS.axisValuesMax, booleans: true };
  const readItem = (text: string, at: Place, path: string) => readAxisValue(axis, text, at, path, problems);
  const test: ConditionTest = { kind: "any-of", values: readList(field, rules, readItem, problems) };
  read.set(list, (read.get(list) ?? new Map<string, ConditionTest>()).set(axis, test));
  return test;
}

/** By the list in the file, which aliases in hundreds of entries can stand for: its mistakes are reported once. */
const read = new WeakMap<YamlList, Map<string, ConditionTest>>();

const EXAMPLES: Readonly<Record<string, string>> = { python: "3.9", torch: "2.1", cuda: "12", driver: "525.60.13" };
