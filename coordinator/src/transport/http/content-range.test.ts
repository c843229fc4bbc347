import { expect, it } from "vitest";
import { parseContentRange } from "./content-range.ts";

it("reads where the bytes belong, both ends included", () => {
  expect(parseContentRange("bytes 0-0/1")).toEqual({ start: 0, end: 0, totalBytes: 1 });
  expect(parseContentRange("Bytes 42-1233/1234")).toEqual({ start: 42, end: 1_233, totalBytes: 1_234 });
});

it("takes nothing that leaves a doubt", () => {
  for (const header of [
    "",
    "bytes",
    "bytes=1-2/3",
    "bytes 1-2",
    "bytes 1-2/*",
    "bytes */3",
    "items 0-1/2",
    "bytes 2-1/3",
    "bytes 0-3/3",
    "bytes -1-2/3",
    "bytes 0-1/2, bytes 0-1/2",
    `bytes 0-1/${"9".repeat(16)}`,
  ]) {
    expect([header, parseContentRange(header)]).toEqual([header, null]);
  }
});
