import { expect, test } from "vitest";
import { sampleJobs, sampleRun } from "../testing/sample-run.ts";
import { screenText } from "../testing/screen-text.ts";
import { finished, jobView, runView, T0 } from "../testing/views.ts";
import { renderFailures } from "./failures.ts";
import { renderJob } from "./job-detail.ts";
import { renderJobTable } from "./job-table.ts";
import { nextAfterRun, renderNext } from "./next-commands.ts";
import { renderRunHeader, renderVerdict } from "./run-header.ts";
import { renderRunsTable } from "./runs-table.ts";
import { UNICODE_SYMBOLS as SYMBOLS } from "./symbols.ts";

const NOW = T0 + 65_000;

test("a run's header says what it is, where it came from and how far it is", () => {
  expect(screenText(renderRunHeader(sampleRun(), NOW, SYMBOLS), 80)).toMatchInlineSnapshot(`
    "
    r3  hello-native 1.0.0  running
    from examples/hello-native
    requires Python >=3.9
    12 jobs: 3 passed, 2 failed, 2 active, 4 waiting, 1 not run; 1:05 so far
    "
  `);
});

test("a failure has its outcome, a sentence, and the useful part of the log without its escape sequences", () => {
  const failed = sampleJobs().filter((job) => job.outcome === "tests-failed" || job.outcome === "build-failed");
  const shown = failed.map((job) => ({
    job,
    detail:
      job.kind === "test"
        ? jobView(job, {
            excerpt: "\u001b[31mFAILED\u001b[0m test_a.py\n 10%\r100%\n\u001b]0;title\u0007assert 1 == 2\n\n",
          })
        : null,
  }));
  expect(screenText(renderFailures(shown, 80, SYMBOLS), 80)).toMatchInlineSnapshot(`
    "
    Failed: 2 jobs

    ✗ build-cp311-linux-x86_64  build-failed  on box
      The build ended with exit code 1.

    ✗ test-cp310-linux-x86_64  tests-failed  on box
      The test command ended with exit code 1.
      | FAILED test_a.py
      | 100%
      | assert 1 == 2
    "
  `);
});

test("of a long excerpt the end is shown, where the error is", () => {
  const job = finished("build-cp312-linux-x86_64", "build-failed", [0, 1]);
  const excerpt = Array.from({ length: 100 }, (_, index) => `line ${index}`).join("\n");
  const text = screenText(renderFailures([{ job, detail: jobView(job, { excerpt }) }], 80, SYMBOLS), 80);
  expect(text).toContain("| line 99\n");
  expect(text).not.toContain("| line 10\n");
});

test("a job's attempts show their steps, artifacts and logs", () => {
  const job = finished("build-cp312-linux-x86_64", "build-failed", [100, 9_100], {
    summary: "The build ended with exit code 1.",
  });
  const detail = jobView(job, {
    excerpt: "error: expected ';'",
    logBytesDropped: 2048,
    steps: [
      { title: "unpack the source", logOffset: 0, exitCode: 0, durationMs: 120 },
      { title: "build the wheel", logOffset: 300, exitCode: 1, durationMs: 8_500 },
      { title: "upload", logOffset: 900, exitCode: null, durationMs: null },
    ],
    artifacts: [
      {
        role: "wheel",
        blob: {
          sha256: "ab".repeat(32),
          sizeBytes: 34_567,
          filename: "hello_native-1.0.0-cp312-cp312-linux_x86_64.whl",
        },
      },
    ],
  });
  expect(screenText(renderJob(detail, 80, NOW, SYMBOLS), 200)).toMatchInlineSnapshot(`
    "
    r3  build-cp312-linux-x86_64  ✗ build-failed
    The build ended with exit code 1.

    Attempt 1  ✗ build-failed  on box, Python 3.12.1, 9.0 s, log 12.1 KiB (2.0 KiB not kept)
      The build ended with exit code 1.
      | error: expected ';'
      step                time  result
      unpack the source  0.1 s
      build the wheel    8.5 s  exit code 1
      upload                    running
      wheel hello_native-1.0.0-cp312-cp312-linux_x86_64.whl  33.8 KiB  sha256 abababababababababababababababababababababababababababababababab
    "
  `);
});

test("runs are a line each", () => {
  const runs = [
    sampleRun({ run: "r12" }),
    runView([], {
      run: "r11",
      state: "finished",
      verdict: "pass",
      finishedAtMs: T0 + 34_000,
      candidate: { ...sampleRun().candidate, version: null },
    }),
    runView([], {
      run: "r2",
      state: "finished",
      verdict: "inconclusive",
      submittedAtMs: T0 - 86_400_000 * 3,
      finishedAtMs: T0,
    }),
  ];
  expect(screenText(renderRunsTable(runs, 80, NOW, SYMBOLS), 80)).toMatchInlineSnapshot(`
    "
    run  candidate              verdict         jobs                time  submitted
    r12  hello-native 1.0.0     ● running       3 of 12 passed      1:05  65 s ago
    r11  hello-native (versio…  ✓ PASS          0 of 0 passed       0:34  65 s ago
    r2   hello-native 1.0.0     ! INCONCLUSIVE  0 of 0 passed   72:00:00  3 days ago
    "
  `);
  expect(screenText(renderRunsTable(runs, 200, NOW, SYMBOLS), 200)).toMatchInlineSnapshot(`
    "
    run  candidate                         verdict         jobs                time  submitted
    r12  hello-native 1.0.0                ● running       3 of 12 passed      1:05  65 s ago
    r11  hello-native (version not known)  ✓ PASS          0 of 0 passed       0:34  65 s ago
    r2   hello-native 1.0.0                ! INCONCLUSIVE  0 of 0 passed   72:00:00  3 days ago
    "
  `);
});

test("jobs are a line each, with what happened cut where the terminal ends", () => {
  expect(screenText(renderJobTable(sampleJobs(), 80, NOW, SYMBOLS), 80)).toMatchInlineSnapshot(`
    "
    job                        result            time  tries  what happened
    build-cp39-linux-x86_64    ✓ passed         4.2 s
    build-cp310-linux-x86_64   ✓ passed         4.6 s
    build-cp311-linux-x86_64   ✗ build-failed   2.1 s         The build ended with…
    build-cp312-linux-x86_64   ● running       58.1 s      2
    build-cp313-linux-x86_64   ● assigned
    build-cp313t-linux-x86_64  · ready                        no agent is free
    test-cp39-linux-x86_64     ✓ passed         1.3 s
    test-cp310-linux-x86_64    ✗ tests-failed   3.9 s         The test command ende…
    test-cp311-linux-x86_64    – not-run                      build-cp311-linux-x86…
    test-cp312-linux-x86_64    · blocked
    test-cp313-linux-x86_64    · blocked
    test-cp313t-linux-x86_64   · blocked
    "
  `);
});

test("the verdict comes with its reason, and with the commands to go on with", () => {
  const run = sampleRun({ state: "finished", verdict: "fail", reason: "1 build and 1 test failed." });
  const lines = [...renderVerdict(run, SYMBOLS), ...renderNext(nextAfterRun(run, "test-cp310-linux-x86_64"))];
  expect(screenText(lines, 80)).toMatchInlineSnapshot(`
    "
    Verdict: ✗ FAIL  1 build and 1 test failed.
    To go on:
      ./kiln logs r3 test-cp310-linux-x86_64  the whole log
      ./kiln show r3 test-cp310-linux-x86_64  attempts, steps and artifacts
      ./kiln verdict r3                       the gates with their evidence
      ./kiln retry r3 --failed                run again what did not pass
    "
  `);
});

test("a run of a release against itself is shown as that, without a verdict, and leads on to the verdict that it serves", () => {
  const reason = "r2 against itself: the gate would have stopped 0 of 2 benchmarks. It decides about no release";
  const run = runView([], { run: "r4", state: "finished", verdict: "inconclusive", selfComparisonOf: "r2", reason });
  const lines = [...renderVerdict(run, SYMBOLS), ...renderNext(nextAfterRun(run, null))];
  expect(screenText(lines, 120)).toContain(`Found: ${reason}`);
  expect(screenText(lines, 120)).toContain("./kiln verdict r2");
  const table = screenText(renderRunsTable([run], 120, NOW, SYMBOLS), 120);
  expect(table).toContain("r2 against itself");
  expect(table).not.toContain("INCONCLUSIVE");
});
