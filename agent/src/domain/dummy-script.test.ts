import { expect, test } from "vitest";
import { dummyLine, parseDummyScript } from "./dummy-script.ts";

test.each([
  ["pass", { action: { kind: "pass" }, afterMs: 0 }],
  ["fail after 250", { action: { kind: "fail" }, afterMs: 250 }],
  [" hang ", { action: { kind: "hang" }, afterMs: 0 }],
  ["flood 1048576", { action: { kind: "flood", bytes: 1_048_576 }, afterMs: 0 }],
  ["lines 12 after 5", { action: { kind: "lines", count: 12 }, afterMs: 5 }],
  ["upload 500", { action: { kind: "upload", bytes: 500 }, afterMs: 0 }],
  ["die after 10", { action: { kind: "die" }, afterMs: 10 }],
])("%o is an instruction", (text, script) => {
  expect(parseDummyScript(text)).toEqual(script);
});

test.each(["", "pytest -q", "flood", "pass 3", "lines -1", "after 5", "pass after", "pass\nfail"])(
  "%o is none",
  (text) => {
    expect(parseDummyScript(text)).toBeNull();
  },
);

test("numbered lines all have the same length", () => {
  expect(dummyLine(1)).toBe("line 00000001\n");
  expect(dummyLine(99_999_999)).toHaveLength(dummyLine(1).length);
});
