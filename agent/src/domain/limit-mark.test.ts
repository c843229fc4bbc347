import { expect, test } from "vitest";
import { bytesBeforeMark, limitMark } from "./limit-mark.ts";

test("output and mark together keep to the limit, however small it is", () => {
  expect(bytesBeforeMark(1_000_000) + Buffer.byteLength(limitMark(1_000_000))).toBe(1_000_000);
  expect(bytesBeforeMark(10)).toBe(0);
});

test("the mark is a line of its own that names the limit", () => {
  expect(limitMark(1024 ** 2)).toMatch(/^\n\[kiln\] the output limit of 1 MiB is reached.*\n$/);
});
