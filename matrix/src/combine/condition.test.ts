import { describe, expect, test } from "vitest";
import { holds, matches } from "./condition.ts";
import { resolveEntry } from "./resolve-entry.ts";

const specifier = (text: string) => ({ kind: "specifier", specifier: text }) as const;
const anyOf = (...values: string[]) => ({ kind: "any-of", values }) as const;

describe("a condition", () => {
  test("that is missing always holds, and so does one without tests", () => {
    expect(holds(null, {})).toBe(true);
    expect(holds({}, { os: "a" })).toBe(true);
  });

  test("holds when all of its tests do", () => {
    const condition = { python: specifier("<3.9"), os: anyOf("windows-11", "windows-10") };
    expect(holds(condition, { python: "3.8", os: "windows-11" })).toBe(true);
    expect(holds(condition, { python: "3.9", os: "windows-11" })).toBe(false);
    expect(holds(condition, { python: "3.8", os: "macos-14" })).toBe(false);
  });

  test("on an axis that a combination does not have never holds", () => {
    expect(holds({ cuda: specifier("!=12.1") }, { os: "a" })).toBe(false);
    expect(holds({ cuda: anyOf("cpu") }, {})).toBe(false);
  });

  test.for([
    ["python", "3.8", "<3.9", true],
    ["python", "3.10", "<3.9", false],
    ["python", "3.9", "<=3.9", true],
    ["python", "3.13t", "==3.13", true],
    ["python", "3.13t", ">3.13", false],
    ["python", "3.13t", ">=3.9,!=3.13", false],
    ["torch", "2.1.2", "==2.1.*", true],
    ["torch", "2.1.2", "==2.1", false],
    ["torch", "2.1.2", ">=2.1,<2.4", true],
    ["torch", "2.10.0", ">2.9", true],
    ["torch", "2.3.0rc1", ">=2.2", true],
    ["cuda", "12.1", ">=12", true],
    ["cuda", "12.1", "~=12.0", true],
    ["cuda", "11.8", ">=12", false],
    ["cuda", "cpu", ">=0", false],
    ["cuda", "cpu", "!=12.1", false],
    ["cuda", "rocm6.0", ">=6.0", false],
    ["cuda", "rocm6.0", "!=12.1", false],
    ["driver", "535.104.05", ">=525.60.13", true],
    ["driver", "535.104.05", "==535.104.5", true],
    ["driver", "535", ">=535.54", false],
  ] as const)("on %s: %s under %j is %s", ([axis, value, text, expected]) => {
    expect(holds({ [axis]: specifier(text) }, { [axis]: value })).toBe(expected);
  });

  test("answers alike however often it is asked", () => {
    const condition = { cuda: specifier(">=12") };
    const asked = ["cpu", "12.1", "11.8", "cpu", "12.1", "11.8"].map((cuda) => holds(condition, { cuda }));
    expect(asked).toEqual([false, true, false, false, true, false]);
    const many = Array.from({ length: 3_000 }, (_, index) => `${index}.0`);
    for (const cuda of [...many, ...many]) expect(holds(condition, { cuda })).toBe(Number.parseInt(cuda, 10) >= 12);
  });
});

test("an entry matches a combination that has all its values and more, and satisfies its when", () => {
  const combination = { python: "3.8", torch: "2.0.1", cuda: "11.8" };
  expect(matches({ values: {}, when: null }, combination)).toBe(true);
  expect(matches({ values: { torch: "2.0.1", cuda: "11.8" }, when: null }, combination)).toBe(true);
  expect(matches({ values: { torch: "2.0.1", os: "a" }, when: null }, combination)).toBe(false);
  expect(matches({ values: { torch: "2.0.1" }, when: { python: specifier("<3.9") } }, combination)).toBe(true);
  expect(matches({ values: { torch: "2.0.1" }, when: { python: specifier(">3.9") } }, combination)).toBe(false);
});

describe("an entry over exact values", () => {
  const resolve = (axis: string, written: string) =>
    axis === "torch" && (written === "2.1" || written === "latest") ? "2.1.2" : written;

  test("has them in its values and in the lists of its when, each once", () => {
    const entry = {
      values: { torch: "2.1", cuda: "12.1" },
      when: { torch: anyOf("latest", "2.1", "2.0.1"), python: specifier("<3.9") },
      reason: "kept as it is",
    };
    expect(resolveEntry(entry, resolve)).toEqual({
      values: { torch: "2.1.2", cuda: "12.1" },
      when: { torch: anyOf("2.1.2", "2.0.1"), python: specifier("<3.9") },
      reason: "kept as it is",
    });
  });

  test("has no when where there was none", () => {
    expect(resolveEntry({ values: {}, when: null }, resolve)).toEqual({ values: {}, when: null });
  });
});
