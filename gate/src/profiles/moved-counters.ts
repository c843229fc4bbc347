import { median } from "../statistics/order.ts";
import { noiseOf } from "./compare-profiles.ts";
import type { KernelProfile } from "./kernel.ts";
import { binaryChange, kernelValues, type BinaryChange, type KernelValues } from "./kernel-values.ts";

/** A counter of one kernel that differs from the baseline's by more than its noise, for the better or worse. */
export interface MovedCounter {
  /** `gemm(…) (2, 25, 1)×(256, 1, 1)`. */
  readonly kernel: string;
  readonly binary: BinaryChange;
  /** As the chip names it. */
  readonly metric: string;
  readonly unit: string;
  readonly before: number;
  readonly after: number;
}

export interface MovedCounters {
  readonly moved: readonly MovedCounter[];
  /** Of kernels that both arms launch. */
  readonly kernels: number;
  /** Kernels of the candidate with another name, grid or block than any of the baseline. */
  readonly onlyInCandidate: readonly string[];
}

const KERNELS_MAX = 3;
/** Of one kernel. */
const COUNTERS_MAX = 4;
/** Of counters that nobody knows the noise of. */
const NOISE = 0.05;
const TIME = "gpu__time_duration.sum";

/**
 * What may explain a slower benchmark: of the kernels whose time grew most, the
 * counters that moved most, as medians of the launches. Times that profilers
 * measure are no evidence of a regression; these say where to look.
 */
export function movedCounters(candidate: readonly KernelProfile[], baseline: readonly KernelProfile[]): MovedCounters {
  const before = kernelValues(baseline);
  const both: { readonly kernel: string; readonly own: KernelValues; readonly known: KernelValues }[] = [];
  const onlyInCandidate: string[] = [];
  for (const [kernel, own] of kernelValues(candidate)) {
    const known = before.get(kernel);
    if (known) both.push({ kernel, own, known });
    else onlyInCandidate.push(kernel);
  }
  const ranked = both.flatMap(({ kernel, own, known }) => {
    const moved = movedOf(kernel, own, known);
    return moved.length === 0 ? [] : [{ moved, slower: (medianOf(own, TIME) ?? 0) - (medianOf(known, TIME) ?? 0) }];
  });
  const moved = ranked
    .toSorted((a, b) => b.slower - a.slower)
    .slice(0, KERNELS_MAX)
    .flatMap((one) => one.moved.slice(0, COUNTERS_MAX));
  return { moved, kernels: both.length, onlyInCandidate };
}

function movedOf(kernel: string, own: KernelValues, known: KernelValues): readonly MovedCounter[] {
  const binary = binaryChange(own, known);
  const found: { readonly counter: MovedCounter; readonly by: number }[] = [];
  for (const [metric, { unit }] of own.metrics) {
    const [was, is] = [medianOf(known, metric, unit), medianOf(own, metric, unit)];
    if (was === undefined || is === undefined || was === is) continue;
    if (Math.abs(is - was) <= Math.abs(was) * (noiseOf(metric) ?? NOISE) * (1 + 1e-9)) continue;
    // What was not there at all before has moved most.
    const by = was > 0 && is > 0 ? Math.abs(Math.log(is / was)) : Infinity;
    found.push({ counter: { kernel, binary, metric, unit, before: was, after: is }, by });
  }
  return found.toSorted((a, b) => (a.by === b.by ? 0 : b.by - a.by)).map(({ counter }) => counter);
}

function medianOf({ metrics }: KernelValues, metric: string, unit?: string): number | undefined {
  const found = metrics.get(metric);
  return found && (unit === undefined || found.unit === unit) ? median(found.values) : undefined;
}
