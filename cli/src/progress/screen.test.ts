import { expect, test } from "vitest";
import { line, span, toText, type Line } from "../render/line.ts";
import { Terminal } from "../testing/terminal.ts";
import { Screen } from "./screen.ts";

const paint = (each: Line): string => toText(each, true);
const lines = (...texts: readonly string[]): readonly Line[] => texts.map((text) => line(span(text, "good")));

test("frames replace one another in place, whether they grow or shrink", () => {
  const terminal = new Terminal(40, 10);
  terminal.write("before\n");
  const screen = new Screen(terminal, paint);
  screen.draw(lines("one", "two", "three is long"));
  screen.draw(lines("1", "2"));
  expect(terminal.text).toBe("before\n1\n2\n");
  screen.draw(lines("a", "b", "c", "d"));
  expect(terminal.text).toBe("before\na\nb\nc\nd\n");
  expect(terminal.cursorShown).toBe(false);
  screen.clear();
  terminal.write("after\n");
  expect(terminal.text).toBe("before\nafter\n");
  expect(terminal.cursorShown).toBe(true);
});

test("a frame is one write, and an equal frame is none", () => {
  const terminal = new Terminal(40, 10);
  const screen = new Screen(terminal, paint);
  screen.draw(lines("a", "b"));
  screen.draw(lines("a", "b"));
  expect(terminal.writes).toBe(1);
  screen.draw(lines("a", "c"));
  expect(terminal.writes).toBe(2);
});

test("a released screen keeps its last frame and gives the cursor back", () => {
  const terminal = new Terminal(40, 10);
  const screen = new Screen(terminal, paint);
  screen.release();
  expect(terminal.writes).toBe(0);
  screen.draw(lines("kept"));
  screen.release();
  terminal.write("after");
  expect(terminal.text).toBe("kept\nafter");
  expect(terminal.cursorShown).toBe(true);
});
