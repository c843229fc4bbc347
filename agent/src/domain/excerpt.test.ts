import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { excerpt, EXCERPT_BYTES_MAX } from "./excerpt.ts";
import { logLines, utf8Length } from "./log-text.ts";
import type { Outcome } from "./outcome.ts";

const noise = (n: number) => Array.from({ length: n }, (_, i) => `noise ${i}`).join("\n");

const PYTEST = `${noise(200)}
============================= test session starts ==============================
collected 3 items

test_x.py .F.                                                            [100%]

=================================== FAILURES ===================================
_________________________________ test_adds ____________________________________

    def test_adds():
>       assert add(1, 1) == 3
E       assert 2 == 3

test_x.py:4: AssertionError
=============================== warnings summary ===============================
test_x.py::test_old
  DeprecationWarning: old
=========================== short test summary info ============================
FAILED test_x.py::test_adds - assert 2 == 3
========================= 1 failed, 2 passed in 0.03s ==========================
`;

const COMPILER = `${noise(100)}
      building 'fast' extension
      gcc -pthread -c src/fast.cpp -o build/fast.o
      src/fast.cpp: In function 'int main()':
      src/fast.cpp:12:5: error: 'foo' was not declared in this scope
         12 |     foo();
            |     ^~~
      error: command '/usr/bin/gcc' failed with exit code 1
      [end of output]

  note: This error originates from a subprocess, and is likely not a problem with pip.
  ERROR: Failed building wheel for fast
Failed to build fast
ERROR: Failed to build one or more wheels
`;

const PIP_TRACEBACK = `  error: subprocess-exited-with-error

  × Getting requirements to build wheel did not run successfully.
  ╰─> [5 lines of output]
      Traceback (most recent call last):
        File "<string>", line 3, in <module>
        File "setup.py", line 2, in <module>
          import nowhere
      ModuleNotFoundError: No module named 'nowhere'
      [end of output]
`;

describe("the excerpt of a failure", () => {
  test("of pytest is its failures and its summary", () => {
    const text = excerpt(PYTEST, "tests-failed");
    expect(text).toMatch(/^=+ FAILURES =+$/m);
    expect(text).toContain("E       assert 2 == 3");
    expect(text.endsWith("========================= 1 failed, 2 passed in 0.03s ==========================")).toBe(
      true,
    );
    expect(text).not.toContain("noise");
    expect(text).not.toContain("DeprecationWarning");
  });

  test("of a very long pytest report keeps the summary", () => {
    const long = PYTEST.replace(
      "E       assert 2 == 3",
      Array.from({ length: 500 }, (_, i) => `E       line ${i}`).join("\n"),
    );
    const text = excerpt(long, "tests-failed");
    expect(text).toContain("E       line 0");
    expect(text).toContain("FAILED test_x.py::test_adds");
    expect(utf8Length(text)).toBeLessThanOrEqual(EXCERPT_BYTES_MAX);
  });

  test("of a compiler is its first errors with the lines around them, dedented", () => {
    const text = excerpt(COMPILER, "build-failed");
    expect(text).toContain("\nsrc/fast.cpp:12:5: error: 'foo' was not declared in this scope\n   12 |     foo();");
    expect(text).not.toContain("noise 90");
  });

  test("of a build backend that raised is its traceback", () => {
    const lines = excerpt(PIP_TRACEBACK, "build-failed").split("\n");
    expect(lines[0]).toBe("Traceback (most recent call last):");
    expect(lines.at(-1)).toBe("ModuleNotFoundError: No module named 'nowhere'");
  });

  test("of unittest is its report", () => {
    const rule = "=".repeat(70);
    const text = excerpt(
      `${noise(50)}\n${rule}\nFAIL: test_a (t.T)\nTraceback ...\nAssertionError\n\nFAILED (failures=1)\n`,
      "tests-failed",
    );
    expect(text.split("\n").slice(0, 2)).toEqual([rule, "FAIL: test_a (t.T)"]);
    expect(text).toContain("FAILED (failures=1)");
  });

  test("of a chained exception shows its cause", () => {
    const text = excerpt(
      `Traceback (most recent call last):\n  File "a"\nKeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "b"\nValueError: two\n`,
      "tests-failed",
    );
    expect(text).toContain("KeyError: 1");
    expect(text.endsWith("ValueError: two")).toBe(true);
  });

  test("of anything else is the last lines", () => {
    const text = excerpt(noise(500), "timed-out");
    expect(text.split("\n")).toHaveLength(40);
    expect(text.endsWith("noise 499")).toBe(true);
  });

  test("has no colours, and of a progress bar only its last state", () => {
    expect(excerpt("\u001b[31mred\u001b[0m\r\n 10%\r 50%\r100%\n\u001b]0;title\u0007end\n", "timed-out")).toBe(
      "red\n100%\nend",
    );
  });

  test("of a job that passed is empty", () => {
    expect(excerpt("anything", "passed")).toBe("");
  });

  test("is never longer than its limit and always well-formed, whatever the log holds", () => {
    const line = fc.oneof(
      fc.string({ unit: "binary", maxLength: 600 }),
      fc.constantFrom(
        "x.c:1:1: error: bad",
        "Traceback (most recent call last):",
        "=== FAILURES ===",
        "=== 1 failed ===",
        "🔥".repeat(300),
      ),
    );
    const outcome = fc.constantFrom<Outcome>("build-failed", "tests-failed", "timed-out", "infrastructure");
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), outcome, (lines, how) => {
        const text = excerpt(lines.join("\n"), how);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(EXCERPT_BYTES_MAX);
        expect(text.isWellFormed()).toBe(true);
      }),
    );
  });
});

test("the length in UTF-8 is the length of the bytes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
    }),
  );
});

test("lines do not end in blanks or empty lines", () => {
  expect(logLines("a  \n\nb\t\n\n\n")).toEqual(["a", "", "b"]);
});
