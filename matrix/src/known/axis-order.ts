import { compareNumbers } from "../knowledge/number-order.ts";
import { compareCuda } from "./cuda-value.ts";
import { compareGpus } from "./gpu-value.ts";
import { compareOs } from "./os-target.ts";
import { comparePythons } from "./pythons.ts";
import { compareTorch } from "./torch-value.ts";

const BY_AXIS: ReadonlyMap<string, (a: string, b: string) => number> = new Map([
  ["python", comparePythons],
  ["torch", compareTorch],
  ["cuda", compareCuda],
  ["os", compareOs],
  ["gpu", compareGpus],
  ["driver", compareNumbers],
]);

/**
 * Order of an axis's values in plans: oldest first, `cpu` before CUDA before
 * ROCm, `none` before GPUs by compute capability. The user's own axes sort by
 * number where both values are numbers, else by text.
 */
export function compareAxisValues(axis: string, a: string, b: string): number {
  return (BY_AXIS.get(axis) ?? compareOwn)(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

/** Numbers sort before other texts, so that the order is one of all values. */
function compareOwn(a: string, b: string): number {
  const [numberA, numberB] = [isNumber(a), isNumber(b)];
  return numberA && numberB ? compareNumbers(a, b) : Number(numberB) - Number(numberA);
}

function isNumber(text: string): boolean {
  return /^\d{1,12}(\.\d{1,12})*$/.test(text);
}
