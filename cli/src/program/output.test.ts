import { expect, test } from "vitest";
import { line, span } from "../render/line.ts";
import { Output, type OutputOptions } from "./output.ts";

class Sink {
  readonly columns = 80;
  readonly rows = 24;
  readonly isTTY: boolean;
  text = "";

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  write(text: string): boolean {
    this.text += text;
    return true;
  }
}

const RED = [line(span("red", "bad"))];

function printed(changes: Partial<OutputOptions>, terminal = true): string {
  const stdout = new Sink(terminal);
  const out = new Output({
    stdout,
    stderr: stdout,
    env: {},
    platform: "linux",
    json: false,
    colour: true,
    ...changes,
  });
  out.lines(RED);
  return stdout.text;
}

test("a terminal gets colours; a pipe, NO_COLOR, --no-color and TERM=dumb get none", () => {
  expect(printed({})).toBe("\u001b[31mred\u001b[39m\n");
  expect(printed({}, false)).toBe("red\n");
  expect(printed({ env: { NO_COLOR: "1" } })).toBe("red\n");
  // https://no-color.org: an empty value counts as none.
  expect(printed({ env: { NO_COLOR: "" } })).toContain("\u001b");
  expect(printed({ colour: false })).toBe("red\n");
  expect(printed({ env: { TERM: "dumb" } })).toBe("red\n");
});

test("with --json only documents reach stdout, and notes reach stderr", () => {
  const stdout = new Sink(true);
  const stderr = new Sink(false);
  const out = new Output({ stdout, stderr, env: {}, platform: "linux", json: true, colour: true });
  out.lines(RED);
  out.text("hello");
  out.note("a note");
  out.document({ a: 1 });
  expect(stdout.text).toBe('{\n  "a": 1\n}\n');
  expect(stderr.text).toBe("a note\n");
  expect(out.live).toBe(false);
});

test("a locale that is no UTF-8 gets ASCII marks", () => {
  const symbolsOf = (env: NodeJS.ProcessEnv) => {
    return new Output({
      stdout: new Sink(true),
      stderr: new Sink(true),
      env,
      platform: "linux",
      json: false,
      colour: true,
    }).symbols.good;
  };
  expect(symbolsOf({ LANG: "en_GB.UTF-8" })).toBe("✓");
  expect(symbolsOf({})).toBe("✓");
  expect(symbolsOf({ LANG: "en_GB.UTF-8", LC_ALL: "C" })).toBe("+");
});
