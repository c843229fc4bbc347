import { expect, test } from "vitest";
import { parseMoment, parseSpan } from "./moments.ts";

test("times have an offset, or are of this machine's clock", () => {
  expect(parseMoment("--from", "2026-12-01T18:00Z")).toBe(Date.UTC(2026, 11, 1, 18));
  expect(parseMoment("--from", "2026-12-01T18:00+02:00")).toBe(Date.UTC(2026, 11, 1, 16));
  expect(parseMoment("--from", "2026-12-01T18:00")).toBe(new Date(2026, 11, 1, 18).getTime());
  for (const text of ["tomorrow", "2026-12-01", "2026-13-01T18:00Z", "18:00"]) {
    expect(() => parseMoment("--from", text)).toThrow("--from");
  }
});

test("spans are minutes, hours or days", () => {
  expect(["0m", "45m", "2h", "1d"].map((text) => parseSpan("--ahead", text))).toEqual([
    0, 2_700_000, 7_200_000, 86_400_000,
  ]);
  for (const text of ["", "45", "1w", "-1h"]) expect(() => parseSpan("--ahead", text)).toThrow("--ahead");
});
