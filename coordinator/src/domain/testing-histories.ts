import { expect, test } from "vitest";
import { History } from "./testing-history.ts";

// What no history may do is in testing-history.ts and testing-memory-store.ts. The
// seed of a history is its number: HISTORY=123 plays that one alone.

const STEPS = 40;
/** Every so many histories are played to the end of all their runs. */
const SETTLED = 10;
const PARTS = 4;
const HISTORIES_PER_PART = 25_000;

/** One of the parts of 100,000 histories: files of tests run side by side. `only`: play this one alone. */
export function testHistories(part: 1 | 2 | 3 | 4, only: string | undefined): void {
  test(`part ${part} of ${PARTS} of 100,000 histories of devices, modes, health, lost agents, restarts and late reports keeps every invariant`, () => {
    const first = (part - 1) * HISTORIES_PER_PART + 1;
    const all = Array.from({ length: HISTORIES_PER_PART }, (_, index) => first + index);
    for (const seed of only === undefined ? all : [Number(only)]) {
      try {
        play(seed);
      } catch (cause) {
        throw new Error(`history ${seed} (HISTORY=${seed} plays it alone): ${String(cause)}`, { cause });
      }
    }
    expect(all).toHaveLength(HISTORIES_PER_PART);
  }, 240_000);
}

function play(seed: number): void {
  const draw = numbers(seed);
  const history = new History((below) => Math.floor(draw() * below));
  for (let step = 0; step < STEPS; step += 1) {
    history.step();
    history.check();
  }
  if (seed % SETTLED === 0) history.settle();
}

/** Between 0 and 1, the same for the same seed (mulberry32, by T. Ettinger, public domain). */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
