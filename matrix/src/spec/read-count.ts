import { wrongType, type Field } from "./fields.ts";
import type { ProblemList } from "./problem-list.ts";

/** A whole number from 0 to `max`; `missing` where there is none. `example` is what to write instead of another. */
export function readCount(
  field: Field | undefined,
  { max, missing, example }: { readonly max: number; readonly missing: number; readonly example: number },
  problems: ProblemList,
): number {
  if (!field) return missing;
  const { value, path } = field;
  const count = value.type === "number" ? Number(value.text) : Number.NaN;
  if (Number.isInteger(count) && count >= 0 && count <= max) return count;
  if (value.type === "number")
    problems.add(value.at, path, `${path} is ${value.text}; it can be 0 to ${max}`, `write ${example}`);
  else wrongType(value, path, `a number from 0 to ${max}`, problems);
  return missing;
}
