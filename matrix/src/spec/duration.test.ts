import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDurationMs, suggestDuration } from "./duration.ts";

describe("parseDurationMs", () => {
  test.for([
    ["90s", 90_000],
    ["20m", 1_200_000],
    ["2h", 7_200_000],
    ["1h30m", 5_400_000],
    ["1h1s", 3_601_000],
    ["0s", 0],
  ] as const)("%s is %d ms", ([text, ms]) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  test.for(["", "30", "30 m", "m", "1.5h", "30m1h", "-1s", "1M", "1ms", "1h ", "9999999999s"])(
    "%j is no duration",
    (text) => {
      expect(parseDurationMs(text)).toBeNull();
    },
  );

  test("hours, minutes and seconds add up", () => {
    const part = fc.nat({ max: 10_000 });
    fc.assert(
      fc.property(part, part, part, (h, m, s) => {
        expect(parseDurationMs(`${h}h${m}m${s}s`)).toBe(((h * 60 + m) * 60 + s) * 1000);
      }),
    );
  });

  test("a suggestion with one meaning is itself a duration", () => {
    for (const text of ["30 m", "30min", "2 hours", "90 sec", "5 Minutes", "2H"]) {
      expect(parseDurationMs(suggestDuration(text) ?? "")).not.toBeNull();
    }
    expect(suggestDuration("30")).toBe("30s or 30m");
    expect(suggestDuration("500ms")).toBeNull();
    expect(suggestDuration("soon")).toBeNull();
  });
});
