import { describe, expect, it } from "vitest";
import { randomFrom } from "../farm/seeded-random.ts";
import { describeFault, faultSchedule } from "./schedule.ts";

describe("a schedule of faults", () => {
  it("is the same for the same seed, and another for another", () => {
    const text = (seed: number): string =>
      faultSchedule(randomFrom(seed), 200)
        .map((lane) => lane.map(describeFault).join("\n"))
        .join("\n\n");
    expect(text(7)).toBe(text(7));
    expect(text(7)).not.toBe(text(8));
  });

  it("has as many faults as were asked for, in lanes of one part each", () => {
    for (const count of [1, 2, 3, 4, 200, 201]) {
      const lanes = faultSchedule(randomFrom(count), count);
      expect(lanes.flat()).toHaveLength(count);
      expect(lanes.map((lane) => new Set(lane.map(({ part }) => part)).size).every((parts) => parts <= 1)).toBe(true);
    }
  });
});
