import { describe, expect, test } from "vitest";
import { normal, seededRandom } from "../statistics/random.ts";
import { Bisect } from "./bisect.ts";

const PAIRS = 16;

interface Search {
  readonly commits: number;
  /** The first slow commit. */
  readonly culprit: number;
  readonly slowdown: number;
  readonly noise: number;
  readonly broken?: (commit: number) => boolean;
}

function search(seed: number, { commits, culprit, slowdown, noise, broken = () => false }: Search) {
  const random = seededRandom(seed);
  const bisect = new Bisect({ commits, slowdown: Math.log(slowdown), confidence: 0.95 });
  expect(bisect.pairsMin).toBeLessThanOrEqual(PAIRS);
  for (let steps = 0; ; steps += 1) {
    expect(steps).toBeLessThan(3 * commits + 3);
    const step = bisect.next();
    if (step.kind !== "measure") return step;
    const shift = step.commit >= culprit ? Math.log(slowdown) : 0;
    if (broken(step.commit)) bisect.passOver();
    else bisect.tell(Array.from({ length: PAIRS }, () => shift + noise * normal(random)));
  }
}

describe("a search for the commit that made a benchmark slower", () => {
  test("finds it among 64 in 6 measurements when the noise is small, wherever it is", () => {
    for (let culprit = 0; culprit < 64; culprit += 1) {
      const found = search(culprit, { commits: 64, culprit, slowdown: 1.1, noise: 0.005 });
      expect(found).toMatchObject({ kind: "found", commit: culprit });
      expect(found.looks).toBeLessThanOrEqual(6);
    }
  });

  test("is wrong in no more than the stated share of searches, in noise as large as a third of the slowdown", () => {
    let wrong = 0;
    const searches = 400;
    for (let seed = 0; seed < searches; seed += 1) {
      const culprit = seed % 20;
      const found = search(seed, { commits: 20, culprit, slowdown: 1.06, noise: 0.02 });
      const isRight = found.kind === "found" ? found.commit === culprit : found.from <= culprit && culprit <= found.to;
      if (!isRight) wrong += 1;
    }
    expect(wrong / searches).toBeLessThanOrEqual(0.05);
  });

  test("passes over commits that do not build, and says between which ones it must be", () => {
    const broken = (commit: number): boolean => commit >= 4 && commit <= 6;
    const one = { commits: 10, slowdown: 1.1, noise: 0.001, broken };
    expect(search(1, { ...one, culprit: 5 })).toMatchObject({ kind: "range", from: 4, to: 7 });
    expect(search(1, { ...one, culprit: 8 })).toMatchObject({ kind: "found", commit: 8 });
  });

  test("gives a commit up after three looks that decide nothing", () => {
    const found = search(2, { commits: 3, culprit: 1, slowdown: 1.001, noise: 0.5 });
    expect(found).toMatchObject({ kind: "range", from: 0, to: 2 });
    expect(found.looks).toBe(6);
  });

  test("of one commit is over at once", () => {
    expect(search(3, { commits: 1, culprit: 0, slowdown: 1.1, noise: 0 })).toEqual({
      kind: "found",
      commit: 0,
      looks: 0,
    });
  });

  test.for([
    [{ commits: 0, slowdown: 0.1, confidence: 0.9 }, "0 commits"],
    [{ commits: 3, slowdown: -0.1, confidence: 0.9 }, "is none"],
    [{ commits: 3, slowdown: 0.1, confidence: 95 }, "confidence is 95"],
  ] as const)("is refused for %j", ([options, says]) => {
    expect(() => new Bisect(options)).toThrow(says);
  });
});
