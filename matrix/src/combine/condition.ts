import { satisfies } from "../pep440/satisfies.ts";
import type { Assignment, Condition, ConditionTest } from "../spec/spec.ts";

/** Values of a combination by axis. */
export type AxisValues = Readonly<Record<string, string>>;

/** What every entry of include, exclude, override and keep has. */
export interface Entry {
  readonly values: Assignment;
  readonly when: Condition | null;
}

/** Whether a combination has all the `values` of an entry and satisfies its `when`. */
export function matches({ values, when }: Entry, combination: AxisValues): boolean {
  for (const axis in values) if (combination[axis] !== values[axis]) return false;
  return holds(when, combination);
}

/** Whether every test of a condition holds; null always does. */
export function holds(condition: Condition | null, combination: AxisValues): boolean {
  for (const axis in condition) {
    const test = condition[axis];
    if (test !== undefined && !testHolds(test, axis, combination[axis])) return false;
  }
  return true;
}

/**
 * Whether one test holds for a value of its axis. A missing axis satisfies no
 * test. A specifier set is judged by PEP 440, pre-releases included, since the
 * version is chosen already; "3.13t" counts as 3.13, and what is no version
 * (`cpu`, `rocm6.0`) satisfies no specifier, not even `!=12.1`.
 */
export function testHolds(test: ConditionTest, axis: string, value: string | undefined): boolean {
  if (value === undefined) return false;
  if (test.kind === "any-of") return test.values.includes(value);
  const known = answers.get(test) ?? new Map<string, boolean>();
  const answer = known.get(value);
  if (answer !== undefined) return answer;
  const version = axis === "python" ? value.replace(/t$/, "") : value;
  const computed = satisfies(version, test.specifier);
  if (known.size < ANSWERS_MAX) answers.set(test, known.set(value, computed));
  return computed;
}

/** A test is asked of as many combinations as there are, and an axis has few values: each answer is computed once. */
const answers = new WeakMap<ConditionTest, Map<string, boolean>>();
const ANSWERS_MAX = 1024;
