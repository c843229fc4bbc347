import { median } from "../statistics/order.ts";
import type { KernelProfile } from "./kernel.ts";

/** One counter of one kernel that is worse than the baseline's beyond what it varies by. */
export interface CounterChange {
  /** `gemm(…) (2, 25, 1)×(256, 1, 1)`. */
  readonly kernel: string;
  readonly metric: string;
  readonly unit: string;
  readonly before: number;
  readonly after: number;
  /** Nearly deterministic: gate on it. The others are hints. */
  readonly hard: boolean;
}

interface Bound {
  readonly metric: RegExp;
  /** Relative growth that is noise. */
  readonly growthMax: number;
  readonly hard: boolean;
}

/** What varies how little from run to run (the method's list). Larger is worse for all of them. */
const BOUNDS: readonly Bound[] = [
  { metric: /^launch__registers_per_thread$/u, growthMax: 0, hard: true },
  { metric: /^launch__shared_mem_per_block/u, growthMax: 0, hard: true },
  // Local memory is where registers spill to: none before and some now is worse whatever the share.
  { metric: /^l1tex__t_sectors_pipe_lsu_mem_local_op_(?:ld|st)\.sum$/u, growthMax: 0.03, hard: true },
  { metric: /^smsp__inst_executed\.sum$/u, growthMax: 0.005, hard: true },
  { metric: /^dram__bytes_(?:op_)?(?:read|write)\.sum$/u, growthMax: 0.03, hard: true },
  { metric: /^l1tex__data_bank_conflicts_pipe_lsu_mem_shared\.sum$/u, growthMax: 0.1, hard: false },
  { metric: /^gpc__cycles_elapsed\.max$/u, growthMax: 0.05, hard: false },
];

export interface ProfileComparison {
  readonly changes: readonly CounterChange[];
  /** Kernels of the candidate that the baseline does not launch so, and counters that one side has no value of. */
  readonly incomparable: readonly string[];
  /** Pairs of values that were compared. */
  readonly compared: number;
}

/** Compares launches of equal kernel, grid and block; several launches count as their median. O(launches × metrics). */
export function compareProfiles(
  candidate: readonly KernelProfile[],
  baseline: readonly KernelProfile[],
): ProfileComparison {
  const before = valuesByKernel(baseline);
  const changes: CounterChange[] = [];
  const incomparable: string[] = [];
  let compared = 0;
  for (const [kernel, metrics] of valuesByKernel(candidate)) {
    const known = before.get(kernel);
    if (!known) {
      incomparable.push(`${kernel} is not in the baseline's profile`);
      continue;
    }
    for (const [metric, { unit, values }] of metrics) {
      const bound = BOUNDS.find((one) => one.metric.test(metric));
      if (!bound) continue;
      const old = known.get(metric);
      if (!old || old.unit !== unit) {
        incomparable.push(`${metric} of ${kernel} has no comparable value in the baseline's profile`);
        continue;
      }
      compared += 1;
      const [was, is] = [median(old.values), median(values)];
      // At the bound itself rounding does not decide.
      if (is - was > was * bound.growthMax * (1 + 1e-9))
        changes.push({ kernel, metric, unit, before: was, after: is, hard: bound.hard });
    }
  }
  return { changes, incomparable, compared };
}

type Values = Map<string, { readonly unit: string; readonly values: number[] }>;

function valuesByKernel(profiles: readonly KernelProfile[]): ReadonlyMap<string, Values> {
  const kernels = new Map<string, Values>();
  for (const { kernel, grid, block, metrics } of profiles) {
    const name = `${kernel} ${grid}×${block}`;
    const values: Values = kernels.get(name) ?? new Map();
    kernels.set(name, values);
    for (const [metric, { value, unit }] of metrics) {
      const known = values.get(metric);
      if (known) known.values.push(value);
      else values.set(metric, { unit, values: [value] });
    }
  }
  return kernels;
}
