import { signedRankTest } from "../statistics/signed-rank.ts";

export interface BisectOptions {
  /** Commits between the baseline and the candidate, the candidate among them: the last one is known to be slow. */
  readonly commits: number;
  /** How much slower the candidate is than the baseline, ln of the ratio; above zero. */
  readonly slowdown: number;
  /** With this probability, 0.95 for 95 %, no decision on the way is wrong. */
  readonly confidence: number;
}

export type BisectStep =
  /** Measure this commit (from 0, oldest first) against the baseline, with pairs that were not told before. */
  | { readonly kind: "measure"; readonly commit: number; readonly look: number }
  | {
      readonly kind: "found";
      /** The first slow commit. */
      readonly commit: number;
      /** Commits that were measured, each look at one counted. */
      readonly looks: number;
    }
  /** Commits that cannot be told apart: the first slow one is among `from` … `to`. */
  | { readonly kind: "range"; readonly from: number; readonly to: number; readonly looks: number };

/** Looks at one commit, after which it is passed over. */
const LOOKS_MAX = 3;

/**
 * Finds the first commit that is slower than the baseline by at least half of
 * the candidate's slowdown, by halving: each decision is a signed-rank test of
 * the commit's differences against that half, over all looks at it. The error is
 * divided among all decisions that halving can need and the looks at each
 * (Bonferroni), so that it holds for the whole search. A commit that stays
 * undecided, or cannot be measured, is passed over for its neighbours.
 */
export class Bisect {
  readonly #threshold: number;
  readonly #alpha: number;
  readonly #differences = new Map<number, number[]>();
  readonly #undecided = new Set<number>();
  /** The newest commit known to be fast; -1 is the baseline. */
  #fast = -1;
  /** The oldest known to be slow. */
  #slow: number;
  #looks = 0;
  #looksAtCommit = 0;

  /** Throws RangeError for options that make no search. */
  constructor({ commits, slowdown, confidence }: BisectOptions) {
    if (!Number.isSafeInteger(commits) || commits < 1) throw new RangeError(`there are ${commits} commits to search`);
    if (!(slowdown > 0)) throw new RangeError(`a slowdown of ${slowdown} is none`);
    if (!(confidence > 0 && confidence < 1)) throw new RangeError(`confidence is ${confidence}, not between 0 and 1`);
    this.#threshold = slowdown / 2;
    this.#slow = commits - 1;
    const decisions = Math.max(1, Math.ceil(Math.log2(commits)));
    this.#alpha = (1 - confidence) / (decisions * LOOKS_MAX);
  }

  /** The fewest pairs of which a look can decide: all differences on one side of the threshold. */
  get pairsMin(): number {
    return Math.ceil(-Math.log2(this.#alpha));
  }

  next(): BisectStep {
    const commit = this.#middle();
    if (commit !== null) return { kind: "measure", commit, look: this.#looksAtCommit + 1 };
    if (this.#slow - this.#fast === 1) return { kind: "found", commit: this.#slow, looks: this.#looks };
    return { kind: "range", from: this.#fast + 1, to: this.#slow, looks: this.#looks };
  }

  /** Of the commit that `next` asked for: ln of how much worse it is than the baseline, pair by pair. What that decides. */
  tell(differences: readonly number[]): "slow" | "fast" | "undecided" {
    const commit = this.#middle();
    if (commit === null) throw new Error("no commit was asked for");
    const all = [...(this.#differences.get(commit) ?? []), ...differences];
    this.#differences.set(commit, all);
    this.#looks += 1;
    this.#looksAtCommit += 1;
    const { pGreater, pLess } = signedRankTest(all.map((difference) => difference - this.#threshold));
    const says = pGreater <= this.#alpha ? "slow" : pLess <= this.#alpha ? "fast" : "undecided";
    if (says === "undecided" && this.#looksAtCommit < LOOKS_MAX) return says;
    if (says === "slow") this.#slow = commit;
    else if (says === "fast") this.#fast = commit;
    else this.#undecided.add(commit);
    this.#looksAtCommit = 0;
    return says;
  }

  /** The commit that `next` asked for cannot be measured: it does not build, say. */
  passOver(): void {
    const commit = this.#middle();
    if (commit === null) throw new Error("no commit was asked for");
    this.#undecided.add(commit);
    this.#looksAtCommit = 0;
  }

  /** The commit nearest to the middle that is not decided yet; null when there is none. */
  #middle(): number | null {
    const middle = (this.#fast + this.#slow) / 2;
    let nearest: number | null = null;
    for (let commit = this.#fast + 1; commit < this.#slow; commit += 1) {
      if (this.#undecided.has(commit)) continue;
      if (nearest === null || Math.abs(commit - middle) < Math.abs(nearest - middle)) nearest = commit;
    }
    return nearest;
  }
}
