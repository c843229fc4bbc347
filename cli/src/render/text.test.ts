import fc from "fast-check";
import { expect, test } from "vitest";
import { ago, clock, duration } from "./duration.ts";
import { clipLine, line, lineWidth, span, toText } from "./line.ts";
import { comparePythons } from "./compare-pythons.ts";
import { oneLine, plainText } from "./plain-text.ts";
import { clipText, textWidth, wrapText } from "./width.ts";

test.each([
  ["\u001b[31mred\u001b[0m", "red"],
  ["\u001b]0;title\u0007text", "text"],
  ["\u001b]8;;https://x.example\u0007link\u001b]8;;\u0007", "link"],
  ["10%\r50%\r100%\nnext\r\n", "100%\nnext\n"],
  ["a\u0000b\u0008c\u007fd\u009be", "a\ufffdb\ufffdc\ufffdd\ufffde"],
  ["safe\u202etxt.exe", "safe\ufffdtxt.exe"],
  ["a\tb", "a    b"],
])("%j becomes %j", (text, expected) => {
  expect(plainText(text)).toBe(expected);
});

test("no text keeps a control character", () => {
  const anything = fc.string({
    unit: fc.oneof(
      fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
      fc.constant("\u001b"),
      fc.constant("\r"),
    ),
  });
  fc.assert(
    fc.property(anything, (text) => {
      expect(plainText(text)).not.toMatch(/[^\P{Cc}\n]/u);
      expect(oneLine(text)).not.toMatch(/\p{Cc}/u);
    }),
  );
});

test("clipped text is never wider than asked, and is whole where it fits", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 40 });
  fc.assert(
    fc.property(text, fc.nat(50), (value, width) => {
      const clipped = clipText(value, width, "…");
      expect(textWidth(clipped)).toBeLessThanOrEqual(width);
      if (textWidth(value) <= width) expect(clipped).toBe(value);
    }),
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 5 }), fc.nat(50), (parts, width) => {
      expect(lineWidth(clipLine(line(...parts), width, "…"))).toBeLessThanOrEqual(width);
    }),
  );
});

test("wide characters count as two columns", () => {
  expect(textWidth("日本")).toBe(4);
  expect(clipText("日本語", 5, "…")).toBe("日本…");
});

test("colours are in the text only when they are wanted", () => {
  const spans = line("a ", span("b", "bad"));
  expect(toText(spans, false)).toBe("a b");
  expect(toText(spans, true)).toBe("a \u001b[31mb\u001b[39m");
});

test("text is wrapped at spaces, and long words stay whole", () => {
  expect(wrapText("one two  threefour\nfive", 9)).toEqual(["one two", "threefour", "five"]);
});

test("times are short, and grow with what they measure", () => {
  expect([0, 940, 59_949, 59_950, 65_000, 7_389_000].map(duration)).toEqual([
    "0.0 s",
    "0.9 s",
    "59.9 s",
    "0:59",
    "1:05",
    "2:03:09",
  ]);
  expect([0, 61_000].map(clock)).toEqual(["0:00", "1:01"]);
  expect([0, 40_000, 300_000, 10_800_000, 172_800_000].map(ago)).toEqual([
    "just now",
    "40 s ago",
    "5 min ago",
    "3 h ago",
    "2 days ago",
  ]);
});

test("Pythons are in the order of their versions, free-threaded builds after the others", () => {
  expect(["3.13t", "3.9", "3.13", "3.10", "3.14"].toSorted(comparePythons)).toEqual([
    "3.9",
    "3.10",
    "3.13",
    "3.13t",
    "3.14",
  ]);
});
