import { describe, expect, test } from "vitest";
import { classifyFailure, type ProcessEnd } from "./classify.ts";
import type { StepKind } from "./job-steps.ts";

const EXIT_1: ProcessEnd = { exitCode: 1, signal: null };
const outcome = (step: StepKind, log: string, end = EXIT_1) => classifyFailure(step, end, log).outcome;

describe("a step that fails", () => {
  test.each([
    ["build-wheel", "build-failed"],
    ["install-wheel", "tests-failed"],
    ["check-imports", "tests-failed"],
    ["run-command", "tests-failed"],
    ["make-environment", "infrastructure"],
  ] as const)("%s means %s", (step, expected) => {
    expect(outcome(step, "something went wrong")).toBe(expected);
  });

  test("says in one sentence what failed, with the best line of the log", () => {
    expect(
      classifyFailure("build-wheel", EXIT_1, "  x.c:3:1: error: no such thing\n  error: command 'gcc' failed\n")
        .summary,
    ).toBe("building the wheel failed: x.c:3:1: error: no such thing");
    expect(classifyFailure("run-command", EXIT_1, "FAILED t.py::test_a - assert 0\n=== 1 failed ===\n").summary).toBe(
      "the command ended with exit status 1: FAILED t.py::test_a - assert 0",
    );
    expect(classifyFailure("run-command", { exitCode: 3, signal: null }, "nothing of note").summary).toBe(
      "the command ended with exit status 3",
    );
    const tooOld =
      "ERROR: Could not find a version that satisfies the requirement nope (from versions: none)\nERROR: No matching distribution found for nope\n";
    expect(classifyFailure("install-wheel", EXIT_1, tooOld).summary).toContain(
      "Could not find a version that satisfies",
    );
  });

  test("by a signal of its own crashed", () => {
    const verdict = classifyFailure("run-command", { exitCode: 139, signal: "SIGSEGV" }, "");
    expect(verdict).toEqual({ outcome: "tests-failed", summary: "the command crashed (SIGSEGV)" });
  });

  test.each([
    ["killed", { exitCode: 137, signal: "SIGKILL" }, ""],
    ["killed behind a shell", { exitCode: 137, signal: null }, ""],
    [
      "with its compiler killed",
      EXIT_1,
      "g++: fatal error: Killed signal terminated program cc1plus\ncompilation terminated.",
    ],
    ["for want of disk", EXIT_1, "OSError: [Errno 28] No space left on device"],
  ])("%s ran out of resources", (_, end, log) => {
    expect(outcome("build-wheel", log, end)).toBe("out-of-resources");
  });
});

describe("a network failure", () => {
  const RETRIES = [4, 3, 2, 1, 0]
    .map(
      (n) =>
        `WARNING: Retrying (Retry(total=${n}, connect=None)) after connection broken by 'NewConnectionError(...)': /simple/x/`,
    )
    .join("\n");
  const NOT_FOUND = "ERROR: No matching distribution found for setuptools>=61";

  test("is one when pip spent all its retries", () => {
    expect(outcome("build-wheel", `${RETRIES}\n${NOT_FOUND}`)).toBe("infrastructure");
    expect(outcome("install-wheel", `${RETRIES}\n${NOT_FOUND}`)).toBe("infrastructure");
  });

  test("is none when the requirement does not exist", () => {
    expect(outcome("install-wheel", NOT_FOUND)).toBe("tests-failed");
  });

  test("is none when pip tried again and went on", () => {
    const recovered = RETRIES.split("\n").slice(0, 2).join("\n");
    expect(outcome("build-wheel", `${recovered}\nx.c:1:1: error: bad`)).toBe("build-failed");
  });

  test("of a test command is the test's failure", () => {
    expect(outcome("run-command", RETRIES)).toBe("tests-failed");
  });
});
