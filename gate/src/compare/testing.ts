import { normal, type Random } from "../statistics/random.ts";
import { pairOrder, type MeasuredPair, type ProcessStamp } from "./pair.ts";

export const CLEAN: ProcessStamp = {
  gpu: {
    uuid: "GPU-1",
    driver: "580.65",
    smClockMhz: { before: 1980, after: 1965 },
    defaultSmClockMhz: 1980,
    temperatureC: 51,
    powerW: 310,
    throttleReasons: [],
    otherProcesses: 0,
  },
  foreignCpu: 0.02,
};

export interface Machine {
  /** Deviation of one process's value from run to run, relative: 0.01. */
  readonly processNoise: number;
  /** How far the machine's speed wanders over one look, relative. */
  readonly drift: number;
  /** By steady warming; by a random walk whose end deviates by `drift`; or, the worst, by jumps of `drift` from each process to the next. */
  readonly wander: "ramp" | "walk" | "jumps";
}

/** Pairs as a machine of this kind would give them, for a candidate that takes `slowdown` (0.05) more time. */
export function simulatedPairs(
  count: number,
  slowdown: number,
  { processNoise, drift, wander }: Machine,
  random: Random,
): readonly MeasuredPair[] {
  const steps = 2 * count - 1;
  const ramp = drift * (random() < 0.5 ? -1 : 1);
  let level = 0;
  const process = (slower: number) => {
    const value = 1e-3 * Math.exp(level + Math.log1p(slower) + processNoise * normal(random));
    level += wander === "ramp" ? ramp / steps : (drift * normal(random)) / (wander === "walk" ? Math.sqrt(steps) : 1);
    return { value, stamp: CLEAN };
  };
  return pairOrder(count).map((first) => {
    const one = process(first === "baseline" ? 0 : slowdown);
    const other = process(first === "baseline" ? slowdown : 0);
    return first === "baseline"
      ? { first, baseline: one, candidate: other }
      : { first, baseline: other, candidate: one };
  });
}
