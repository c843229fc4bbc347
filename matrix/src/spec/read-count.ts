import { wrongType, type Field } from "./fields.ts";
import type { ProblemList } from "./problem-list.ts";

interface CountRules {
  readonly min?: number;
  readonly max: number;
  readonly missing: number;
  readonly example: number;
}

/** A whole number from `min` (0) to `max`; `missing` where there is none. `example` is what to write instead of another. */
export function readCount(
  field: Field | undefined,
  { min = 0, max, missing, example }: CountRules,
  problems: ProblemList,
): number {
  if (!field) return missing;
  const { value, path } = field;
  const count = value.type === "number" ? Number(value.text) : Number.NaN;
  if (Number.isInteger(count) && count >= min && count <= max) return count;
  if (value.type === "number")
    problems.add(value.at, path, `${path} is ${value.text}; it can be ${min} to ${max}`, `write ${example}`);
  else wrongType(value, path, `a number from ${min} to ${max}`, problems);
  return missing;
}
