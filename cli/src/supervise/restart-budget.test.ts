import fc from "fast-check";
import { expect, test } from "vitest";
import { decideRestart, RESTART_BUDGET } from "./restart-budget.ts";

test("five deaths in a minute are made good, with growing waits, and the sixth is not", () => {
  let restarts: readonly number[] = [];
  const waits: number[] = [];
  for (const at of [0, 1_000, 2_000, 3_000, 4_000]) {
    const decision = decideRestart(restarts, at, RESTART_BUDGET);
    if (decision.kind === "give-up") throw new Error("gave up early");
    restarts = decision.restartsAtMs;
    waits.push(decision.afterMs);
  }
  expect(waits).toEqual([100, 200, 400, 800, 1_600]);
  expect(decideRestart(restarts, 5_000, RESTART_BUDGET)).toEqual({ kind: "give-up" });
  expect(decideRestart(restarts, 60_000, RESTART_BUDGET).kind).toBe("restart");
});

test("whenever it dies, there are never more than five restarts in any minute", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30_000), { maxLength: 60 }), (gaps) => {
      let at = 0;
      let restarts: readonly number[] = [];
      const all: number[] = [];
      for (const gap of gaps) {
        at += gap;
        const decision = decideRestart(restarts, at, RESTART_BUDGET);
        if (decision.kind === "give-up") break;
        restarts = decision.restartsAtMs;
        all.push(at);
      }
      for (const end of all)
        expect(all.filter((each) => each <= end && end - each < 60_000).length).toBeLessThanOrEqual(5);
    }),
  );
});
