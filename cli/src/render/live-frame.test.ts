import fc from "fast-check";
import { expect, test } from "vitest";
import { sampleRun } from "../testing/sample-run.ts";
import { screenText } from "../testing/screen-text.ts";
import { finished, job, plannedCell, runView, running, T0 } from "../testing/views.ts";
import { lineWidth } from "./line.ts";
import { renderFrame, type FrameOptions } from "./live-frame.ts";
import { ASCII_SYMBOLS, UNICODE_SYMBOLS } from "./symbols.ts";

function frame(
  view: Parameters<typeof renderFrame>[0],
  width: number,
  height: number,
  changes: Partial<FrameOptions> = {},
): string {
  const options = {
    width,
    height,
    nowMs: T0 + 12_345,
    expectedAtMs: T0 + 10_000,
    notice: "",
    symbols: UNICODE_SYMBOLS,
    ...changes,
  };
  const lines = renderFrame(view, options);
  expect(lines.length).toBeLessThanOrEqual(height);
  return screenText(lines, width);
}

test("80 columns show every cell with its build, its test, its time and its agent", () => {
  expect(frame(sampleRun({ expectedMs: 20_000 }), 79, 23)).toMatchInlineSnapshot(`
    "
    r3  hello-native 1.0.0  running, 0:12 elapsed, about 0:17 left
    12 jobs: 3 passed, 2 failed, 2 active, 4 waiting, 1 not run

    cell                 build                test             time  agent
    cp39-linux-x86_64    ✓ 4.2 s              ✓ 1.3 s         5.5 s  box
    cp310-linux-x86_64   ✓ 4.6 s              ✗ tests-failed  8.5 s  box
    cp311-linux-x86_64   ✗ build-failed       – not-run       2.1 s  box
    cp312-linux-x86_64   ● 5.4 s (attempt 2)  · waiting       5.4 s  box
    cp313-linux-x86_64   ● starting           · waiting              a-machine-wit…
    cp313t-linux-x86_64  · waiting            · waiting
    "
  `);
});

test("200 columns show the same, with names whole", () => {
  expect(frame(sampleRun({ expectedMs: 20_000 }), 199, 50)).toMatchInlineSnapshot(`
    "
    r3  hello-native 1.0.0  running, 0:12 elapsed, about 0:17 left
    12 jobs: 3 passed, 2 failed, 2 active, 4 waiting, 1 not run

    cell                 build                test             time  agent
    cp39-linux-x86_64    ✓ 4.2 s              ✓ 1.3 s         5.5 s  box
    cp310-linux-x86_64   ✓ 4.6 s              ✗ tests-failed  8.5 s  box
    cp311-linux-x86_64   ✗ build-failed       – not-run       2.1 s  box
    cp312-linux-x86_64   ● 5.4 s (attempt 2)  · waiting       5.4 s  box
    cp313-linux-x86_64   ● starting           · waiting              a-machine-with-a-long-name.example.org
    cp313t-linux-x86_64  · waiting            · waiting
    "
  `);
});

test("when there are more cells than rows, only failed and active ones are shown and the rest is counted", () => {
  expect(frame(sampleRun(), 79, 8)).toMatchInlineSnapshot(`
    "
    r3  hello-native 1.0.0  running, 0:12 elapsed
    12 jobs: 3 passed, 2 failed, 2 active, 4 waiting, 1 not run

    cell                build                test             time  agent
    cp310-linux-x86_64  ✓ 4.6 s              ✗ tests-failed  8.5 s  box
    cp311-linux-x86_64  ✗ build-failed       – not-run       2.1 s  box
    cp312-linux-x86_64  ● 5.4 s (attempt 2)  · waiting       5.4 s  box
    and 3 more cells: 1 active, 1 passed, 1 waiting
    "
  `);
  expect(frame(sampleRun(), 79, 5)).toMatchInlineSnapshot(`
    "
    r3  hello-native 1.0.0  running, 0:12 elapsed
    12 jobs: 3 passed, 2 failed, 2 active, 4 waiting, 1 not run

    6 cells: 2 failed, 2 active, 1 passed, 1 waiting
    "
  `);
});

test("when nothing runs, the frame says what is waited for", () => {
  const view = runView([job("build-cp314-linux-x86_64", { summary: "no agent has CPython 3.14 for linux-x86_64" })]);
  expect(frame(view, 79, 23, { symbols: ASCII_SYMBOLS, notice: "the connection broke" })).toMatchInlineSnapshot(`
    "
    r3  hello-native 1.0.0  running, 0:12 elapsed
    1 job: 1 waiting

    cell                build
    cp314-linux-x86_64  . waiting
    waiting: no agent has CPython 3.14 for linux-x86_64
    the connection broke
    "
  `);
});

test("cells share a build, and checks and scans have a line of their own", () => {
  const cells = ["cp310-linux-x86_64", "cp311-linux-x86_64"].map((cell) => plannedCell(cell));
  const needs = ["build-abi3-linux-x86_64"];
  const view = runView(
    [
      finished("check-lint", "passed", [0, 1_000], { kind: "check", cell: cells[0]!.cell }),
      finished("build-abi3-linux-x86_64", "passed", [0, 4_000], { cell: cells[0]!.cell }),
      finished("scan-abi3-twine", "tests-failed", [4_000, 5_000], { kind: "scan", cell: cells[0]!.cell, needs }),
      running("test-cp310-linux-x86_64", 4_000, { needs }),
      job("test-cp311-linux-x86_64", { needs, state: "ready" }),
    ],
    { cells },
  );
  const options = {
    width: 80,
    height: 20,
    nowMs: T0 + 7_000,
    expectedAtMs: null,
    notice: "",
    symbols: UNICODE_SYMBOLS,
  };
  expect(screenText(renderFrame(view, options), 80)).toMatchInlineSnapshot(`
    "
    r3  hello-native 1.0.0  running, 0:07 elapsed
    5 jobs: 2 passed, 1 failed, 1 active, 1 waiting

    cell                build    test        time  agent
    cp310-linux-x86_64  ✓ 4.0 s  ● 3.0 s    7.0 s  box
    cp311-linux-x86_64  ✓ 4.0 s  · waiting  4.0 s  box
    checks: 1 of 1 passed; scans: 0 of 1 passed, 1 failed
    "
  `);
});

test("no frame is wider or higher than the terminal, whatever the names, and no control character gets through", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 60 }),
    fc.constant("evil\u001b[2Jname\r\n\u202e日本語"),
  );
  fc.assert(
    fc.property(
      text,
      text,
      fc.integer({ min: 20, max: 220 }),
      fc.integer({ min: 4, max: 30 }),
      fc.nat(40),
      (name, agent, width, height, many) => {
        const jobs = Array.from({ length: many + 1 }, (_, index) => {
          const cell = `cp3${index}-linux-x86_64`;
          return index % 3 === 0
            ? running(`build-${cell}`, 0, { agentName: agent })
            : finished(`build-${cell}`, "passed", [0, 1], { agentName: agent });
        });
        const view = runView(jobs, {
          candidate: { name, version: agent, requiresPython: null, factsFrom: "", origin: "" },
        });
        const lines = renderFrame(view, {
          width,
          height,
          nowMs: T0,
          expectedAtMs: null,
          notice: "",
          symbols: UNICODE_SYMBOLS,
        });
        expect(lines.length).toBeLessThanOrEqual(height);
        for (const line of lines) {
          expect(lineWidth(line)).toBeLessThanOrEqual(width);
          expect(line.map((span) => span.text).join("")).not.toMatch(/\p{Cc}|\p{Bidi_Control}/u);
        }
      },
    ),
  );
});
