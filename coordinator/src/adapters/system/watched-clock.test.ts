import { expect, test } from "vitest";
import { watchClock } from "./watched-clock.ts";

test("a clock that is set says so before it gives the new time, and says nothing of drift", () => {
  let wallMs = 1_700_000_000_000;
  let steadyMs = 10;
  const clock = watchClock({ nowMs: () => wallMs }, () => steadyMs);
  const set: number[] = [];
  clock.onSet((byMs) => set.push(byMs));
  const pass = (ms: number, wallToo = ms): void => {
    steadyMs += ms;
    wallMs += wallToo;
  };
  for (let hour = 0; hour < 24; hour += 1) {
    pass(3_600_000, 3_600_000 + 300);
    clock.nowMs();
  }
  expect(set).toEqual([]);
  pass(5, 5 - 3_600_000);
  expect(clock.nowMs()).toBe(wallMs);
  expect(set).toEqual([-3_600_000]);
  pass(5, 5 + 86_400_000);
  clock.nowMs();
  clock.nowMs();
  expect(set).toEqual([-3_600_000, 86_400_000]);
});
