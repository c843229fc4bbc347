import type { Condition, ConditionTest } from "../spec/spec.ts";
import type { Entry } from "./condition.ts";

/** The exact value that a written one means on an axis: "2.1" of torch → "2.1.2". */
export type Resolve = (axis: string, written: string) => string;

/**
 * The same entry over exact values: its `values`, and those that its `when`
 * lists. Specifier sets stay: they speak of exact values already.
 */
export function resolveEntry<T extends Entry>(entry: T, resolve: Resolve): T {
  const values = mapValues(entry.values, (axis, written) => resolve(axis, written));
  return { ...entry, values, when: entry.when && resolveCondition(entry.when, resolve) };
}

/** The same condition over exact values. */
export function resolveCondition(condition: Condition, resolve: Resolve): Condition {
  return mapValues(condition, (axis, test): ConditionTest => {
    if (test.kind === "specifier") return test;
    return { kind: "any-of", values: [...new Set(test.values.map((written) => resolve(axis, written)))] };
  });
}

function mapValues<T>(record: Readonly<Record<string, T>>, change: (key: string, value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(key, value)]));
}
