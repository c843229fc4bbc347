import { median } from "../statistics/order.ts";
import type { KernelProfile } from "./kernel.ts";
import { binaryChange, kernelValues, type BinaryChange } from "./kernel-values.ts";

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
  /** Of the kernel: where it is unchanged, its data, launches or surroundings made the difference. */
  readonly binary: BinaryChange;
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

/** What a counter may differ by from run to run, relative to the baseline; null: not known of this one. */
export function noiseOf(metric: string): number | null {
  return boundOf(metric)?.growthMax ?? null;
}

function boundOf(metric: string): Bound | undefined {
  return BOUNDS.find((one) => one.metric.test(metric));
}

export interface ProfileComparison {
  readonly changes: readonly CounterChange[];
  /** Kernels of the candidate that the baseline does not launch so, and counters that one side has no value of. */
  readonly incomparable: readonly string[];
  /** Pairs of values that were compared. */
  readonly compared: number;
  /** Of each kernel that both launch. */
  readonly binaries: ReadonlyMap<string, BinaryChange>;
}

/** Compares launches of equal kernel, grid and block; several launches count as their median. O(launches × metrics). */
export function compareProfiles(
  candidate: readonly KernelProfile[],
  baseline: readonly KernelProfile[],
): ProfileComparison {
  const before = kernelValues(baseline);
  const changes: CounterChange[] = [];
  const incomparable: string[] = [];
  const binaries = new Map<string, BinaryChange>();
  let compared = 0;
  for (const [kernel, own] of kernelValues(candidate)) {
    const known = before.get(kernel);
    if (!known) {
      incomparable.push(`${kernel} is not in the baseline's profile`);
      continue;
    }
    const binary = binaryChange(own, known);
    binaries.set(kernel, binary);
    for (const [metric, { unit, values }] of own.metrics) {
      const bound = boundOf(metric);
      if (!bound) continue;
      const old = known.metrics.get(metric);
      if (!old || old.unit !== unit) {
        incomparable.push(`${metric} of ${kernel} has no comparable value in the baseline's profile`);
        continue;
      }
      compared += 1;
      const [was, is] = [median(old.values), median(values)];
      // At the bound itself rounding does not decide.
      if (is - was > was * bound.growthMax * (1 + 1e-9))
        changes.push({ kernel, metric, unit, before: was, after: is, hard: bound.hard, binary });
    }
  }
  return { changes, incomparable, compared, binaries };
}
