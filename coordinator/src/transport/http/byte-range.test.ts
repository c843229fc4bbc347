import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseByteRange } from "./byte-range.ts";

describe("a Range header", () => {
  it.each([
    ["bytes=0-0", { kind: "part", start: 0, end: 0 }],
    ["bytes=2-", { kind: "part", start: 2, end: 9 }],
    ["bytes=2-500", { kind: "part", start: 2, end: 9 }],
    ["bytes=-3", { kind: "part", start: 7, end: 9 }],
    ["bytes=-300", { kind: "part", start: 0, end: 9 }],
    ["Bytes=1-2", { kind: "part", start: 1, end: 2 }],
    ["bytes=10-", { kind: "unsatisfiable" }],
    ["bytes=10-20", { kind: "unsatisfiable" }],
    ["bytes=-0", { kind: "unsatisfiable" }],
  ])("%s of ten bytes is understood", (header, range) => {
    expect(parseByteRange(header, 10)).toEqual(range);
  });

  it("is ignored when it is absent, malformed, of several ranges or of another unit", () => {
    for (const header of [
      undefined,
      "",
      "bytes",
      "bytes=",
      "bytes=-",
      "bytes=3-2",
      "bytes=0-1,3-4",
      "lines=0-1",
      "bytes=a-b",
    ]) {
      expect(parseByteRange(header, 10)).toEqual({ kind: "whole" });
    }
  });

  it("never leads outside of the bytes", () => {
    const header = fc.oneof(
      fc.string(),
      fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
    );
    fc.assert(
      fc.property(header, fc.nat(1_000), (text, sizeBytes) => {
        const range = parseByteRange(text, sizeBytes);
        if (range.kind !== "part") return;
        expect(range.start).toBeGreaterThanOrEqual(0);
        expect(range.start).toBeLessThanOrEqual(range.end);
        expect(range.end).toBeLessThan(sizeBytes);
      }),
    );
  });
});
