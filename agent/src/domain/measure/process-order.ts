import { ARMS } from "@kiln/proto";

export type Arm = (typeof ARMS)[number];

export function armsOf(hasBaseline: boolean): readonly Arm[] {
  return hasBaseline ? ARMS : ["candidate"];
}

/** One process to run. */
export interface PlannedProcess {
  readonly arm: Arm;
  /** From 1; 0: a warm-up, which is thrown away. */
  readonly pair: number;
}

/**
 * Which processes run, one after the other: a warm-up of each arm, then pairs
 * in ABBA order, so that what drifts steadily hits both arms alike. A pair that
 * was disturbed is measured again in its own order, until there are as many
 * undisturbed ones as were asked for or none may be measured again.
 */
export class ProcessOrder {
  readonly #hasBaseline: boolean;
  readonly #pairs: number;
  #againLeft: number;
  #pair = 0;
  #clean = 0;
  #first: Arm = "candidate";
  #queue: PlannedProcess[] = [];
  #isDisturbed = false;

  constructor(options: { readonly hasBaseline: boolean; readonly pairs: number; readonly pairsAgainMax: number }) {
    this.#hasBaseline = options.hasBaseline;
    this.#pairs = options.pairs;
    this.#againLeft = options.pairsAgainMax;
    this.#queue = this.#both(0, "baseline");
  }

  /** The next process, or null when all is measured. */
  next(): PlannedProcess | null {
    if (this.#queue.length === 0) this.#queue = this.#nextPair();
    return this.#queue.shift() ?? null;
  }

  /** Of the process that `next` gave last: something disturbed it. False when its pair is not measured again. */
  disturbed({ pair }: PlannedProcess): boolean {
    if (pair === 0) return false;
    const isAgain = this.#isDisturbed || this.#againLeft > 0;
    this.#isDisturbed = isAgain;
    return isAgain;
  }

  #nextPair(): PlannedProcess[] {
    const begun = this.#pair > 0;
    if (begun && this.#isDisturbed) this.#againLeft -= 1;
    else if (begun) this.#clean += 1;
    if (this.#clean >= this.#pairs) return [];
    if (!this.#isDisturbed) this.#first = this.#first === "baseline" ? "candidate" : "baseline";
    this.#isDisturbed = false;
    this.#pair += 1;
    return this.#both(this.#pair, this.#first);
  }

  #both(pair: number, first: Arm): PlannedProcess[] {
    const arms = armsOf(this.#hasBaseline);
    return (first === "baseline" ? arms : arms.toReversed()).map((arm) => ({ arm, pair }));
  }
}
