import type { JobView, Report, TestReport } from "@kiln/proto";
import { expect, test } from "vitest";
import { CUDA_WHEEL, MIXED_TESTS, PURE_WHEEL } from "../testing/sample-reports.ts";
import { screenText } from "../testing/screen-text.ts";
import { finished, job, jobView, runView, T0 } from "../testing/views.ts";
import { renderJob } from "./job-detail.ts";
import { renderJobTable } from "./job-table.ts";
import { renderResults } from "./results-summary.ts";
import { UNICODE_SYMBOLS as SYMBOLS } from "./symbols.ts";

const NOW = T0 + 65_000;
const BUILD = finished("build-cp312-linux-x86_64", "passed", [100, 9_100]);
const TEST = finished("test-cp312-linux-x86_64", "tests-failed", [9_200, 95_000], {
  tests: { tests: 1_284, failed: 3, skipped: 37, flaky: 1 },
});
const TAKEN = job("build-cp312-linux-x86_64", {
  ...{ state: "finished", outcome: "passed", summary: "taken from r1 build-cp312-linux-x86_64", finishedAtMs: T0 },
  reusedFrom: { run: "r1", job: "build-cp312-linux-x86_64", attempt: 2 },
});

function shown(view: JobView, width: number): string {
  return screenText(renderJob(view, width, NOW, SYMBOLS), width);
}

test("a wheel's report says what is wrong first, then what the wheel is", () => {
  const view = jobView(BUILD, { reports: [CUDA_WHEEL] });
  expect(shown(view, 80)).toMatchInlineSnapshot(`
    "
    r3  build-cp312-linux-x86_64  ✓ passed

    Attempt 1  ✓ passed  on box, Python 3.12.1, 9.0 s, log 12.1 KiB
      remark      flashlight/_C.cpython-312-x86_64-linux-gnu.so has an RPATH that
                  leads outside the wheel, to /usr/local/cuda/lib64.
      remark      It has machine code for sm_90a, which the spec does not ask for.
      tags        cp312-cp312-manylinux_2_27_x86_64,
                  cp312-cp312-manylinux_2_28_x86_64
      size        14.2 MiB
      policy      manylinux_2_27_x86_64 (glibc 2.27 or newer)
      extensions    12.9 MiB  flashlight/_C.cpython-312-x86_64-linux-gnu.so
                    47.1 KiB  flashlight/kernels/attention/backward/_block_sparse_at
                              tention_backward.cpython-312-x86_64-linux-gnu.so
      grafted      164.3 KiB  flashlight.libs/libgomp-a34b3233.so.1.0.0
      external    libc10.so, libtorch.so, libtorch_cpu.so, libtorch_cuda.so,
                  libcudart.so.12, libstdc++.so.6
      RPATH       leads outside the wheel:
                  flashlight/_C.cpython-312-x86_64-linux-gnu.so:
                  /usr/local/cuda/lib64
      GPU code    machine code for sm_80 sm_90a; PTX for compute_90
      rebuilt     a second build made other files; SOURCE_DATE_EPOCH 1767225600
    "
  `);
  expect(shown(view, 200)).toMatchInlineSnapshot(`
    "
    r3  build-cp312-linux-x86_64  ✓ passed

    Attempt 1  ✓ passed  on box, Python 3.12.1, 9.0 s, log 12.1 KiB
      remark      flashlight/_C.cpython-312-x86_64-linux-gnu.so has an RPATH that leads outside the wheel, to /usr/local/cuda/lib64.
      remark      It has machine code for sm_90a, which the spec does not ask for.
      tags        cp312-cp312-manylinux_2_27_x86_64, cp312-cp312-manylinux_2_28_x86_64
      size        14.2 MiB
      policy      manylinux_2_27_x86_64 (glibc 2.27 or newer)
      extensions    12.9 MiB  flashlight/_C.cpython-312-x86_64-linux-gnu.so
                    47.1 KiB  flashlight/kernels/attention/backward/_block_sparse_attention_backward.cpython-312-x86_64-linux-gnu.so
      grafted      164.3 KiB  flashlight.libs/libgomp-a34b3233.so.1.0.0
      external    libc10.so, libtorch.so, libtorch_cpu.so, libtorch_cuda.so, libcudart.so.12, libstdc++.so.6
      RPATH       leads outside the wheel: flashlight/_C.cpython-312-x86_64-linux-gnu.so: /usr/local/cuda/lib64
      GPU code    machine code for sm_80 sm_90a; PTX for compute_90
      rebuilt     a second build made other files; SOURCE_DATE_EPOCH 1767225600
    "
  `);
  expect(shown(jobView(BUILD, { reports: [PURE_WHEEL] }), 80)).toMatchInlineSnapshot(`
    "
    r3  build-cp312-linux-x86_64  ✓ passed

    Attempt 1  ✓ passed  on box, Python 3.12.1, 9.0 s, log 12.1 KiB
      tags        py3-none-any
      size        8.9 KiB
      policy      none
      extensions  none: the wheel has no machine code of its own
      grafted     none
      external    none
      rebuilt     a second build made the same bytes
    "
  `);
});

test("a test report has each failure with its place and message, flaky tests, skips by reason, the slowest, and coverage", () => {
  const view = jobView(TEST, { reports: [MIXED_TESTS] });
  expect(shown(view, 80)).toMatchInlineSnapshot(`
    "
    r3  test-cp312-linux-x86_64  ✗ tests-failed
    needs build-cp312-linux-x86_64

    Attempt 1  ✗ tests-failed  on box, Python 3.12.1, 1:25, log 12.1 KiB
      tests       1284 tests in 1:23
                  1243 passed, 2 failed, 1 error, 1 flaky, 37 skipped
      failed      ✗ tests.test_matmul::test_zero[float32-cuda]
                    0.1 s  tests/test_matmul.py:42
                    | AssertionError: Tensor-likes are not close!
                    |
                    | Mismatched elements: 3 / 4096 (0.1%)
                    | Greatest absolute difference: 0.015625 at index (7, 12) (up to
                       1e-05 allowed)
                  ✗ tests.attention.test_block_sparse::TestBackward::test_gradients[
                    heads=16-blocks=32x32-causal-bfloat16]
                    2.3 s  tests/attention/test_block_sparse.py:188
                    | line 1 of a long message
                    | line 2 of a long message
                    | line 3 of a long message
                    | line 4 of a long message
                    | line 5 of a long message
                    | line 6 of a long message
                    | line 7 of a long message
                    | line 8 of a long message
                    | and 4 more lines
                  ✗ tests.test_io::test_round_trip (error)  0.1 s
                    | fixture 'tmp_store' not found
      flaky       ! tests.test_stream::test_order  0.6 s  tests/test_stream.py:9
                    | assert [2, 1] == [1, 2]
      skipped       21  needs two GPUs
                     9  Windows only
                     3  without a reason
                     4  for other reasons
      slowest       31.2 s  tests.test_train::test_epoch[0]
                    12.1 s  tests.test_train::test_epoch[1]
                     9.4 s  tests.test_train::test_epoch[2]
                     2.3 s  tests.test_train::test_epoch[3]
                     1.9 s  tests.test_train::test_epoch[4]
      coverage    lines 81.1 % (3911 of 4820), branches 62.7 % (401 of 640)
    "
  `);
  expect(shown(view, 200)).toMatchInlineSnapshot(`
    "
    r3  test-cp312-linux-x86_64  ✗ tests-failed
    needs build-cp312-linux-x86_64

    Attempt 1  ✗ tests-failed  on box, Python 3.12.1, 1:25, log 12.1 KiB
      tests       1284 tests in 1:23: 1243 passed, 2 failed, 1 error, 1 flaky, 37 skipped
      failed      ✗ tests.test_matmul::test_zero[float32-cuda]  0.1 s  tests/test_matmul.py:42
                    | AssertionError: Tensor-likes are not close!
                    |
                    | Mismatched elements: 3 / 4096 (0.1%)
                    | Greatest absolute difference: 0.015625 at index (7, 12) (up to 1e-05 allowed)
                  ✗ tests.attention.test_block_sparse::TestBackward::test_gradients[heads=16-blocks=32x32-causal-bfloat16]  2.3 s  tests/attention/test_block_sparse.py:188
                    | line 1 of a long message
                    | line 2 of a long message
                    | line 3 of a long message
                    | line 4 of a long message
                    | line 5 of a long message
                    | line 6 of a long message
                    | line 7 of a long message
                    | line 8 of a long message
                    | and 4 more lines
                  ✗ tests.test_io::test_round_trip (error)  0.1 s
                    | fixture 'tmp_store' not found
      flaky       ! tests.test_stream::test_order  0.6 s  tests/test_stream.py:9
                    | assert [2, 1] == [1, 2]
      skipped       21  needs two GPUs
                     9  Windows only
                     3  without a reason
                     4  for other reasons
      slowest       31.2 s  tests.test_train::test_epoch[0]
                    12.1 s  tests.test_train::test_epoch[1]
                     9.4 s  tests.test_train::test_epoch[2]
                     2.3 s  tests.test_train::test_epoch[3]
                     1.9 s  tests.test_train::test_epoch[4]
      coverage    lines 81.1 % (3911 of 4820), branches 62.7 % (401 of 640)
    "
  `);
});

test("of more failures than are shown, or than the report has, the rest is counted", () => {
  const [first] = MIXED_TESTS.failures;
  if (!first) throw new Error("the sample has failures");
  const failures = Array.from({ length: 200 }, () => ({ ...first, message: "" }));
  const of = (failed: number): TestReport => ({ ...MIXED_TESTS, failures, failed, errors: 0 });
  expect(shown(jobView(TEST, { reports: [of(200)] }), 80)).toContain("              and 180 more; --json has them\n");
  expect(shown(jobView(TEST, { reports: [of(300)] }), 80)).toContain("              and 280 more\n");
});

test("no report makes a line wider than the terminal, or moves its cursor", () => {
  const long = `${"wide 名前 ".repeat(30)}\u001b[2J\u202e${"x".repeat(300)}`;
  const bad = (report: Report): Report =>
    JSON.parse(JSON.stringify(report), (_key, value: unknown) =>
      typeof value === "string" && value.includes(" ") ? long : value,
    ) as Report;
  for (const report of [CUDA_WHEEL, PURE_WHEEL, MIXED_TESTS]) {
    for (const width of [80, 81, 133, 200]) {
      // screenText throws at a line that is too wide.
      const text = shown(jobView(BUILD, { reports: [bad(report)] }), width);
      for (const control of ["\u001b", "\u202e"]) expect(text).not.toContain(control);
    }
  }
});

test("a job whose result was taken shows the attempt that it was taken from", () => {
  const [attempt] = jobView(BUILD, { attempt: 2, reports: [PURE_WHEEL] }).history;
  const view: JobView = { ...jobView(TAKEN), history: [], reusedAttempt: attempt ?? null };
  expect(shown(view, 80)).toMatchInlineSnapshot(`
    "
    r3  build-cp312-linux-x86_64  ✓ passed
    taken from r1 build-cp312-linux-x86_64

    Attempt 2 of r1  ✓ passed  on box, Python 3.12.1, 9.0 s, log 12.1 KiB
      tags        py3-none-any
      size        8.9 KiB
      policy      none
      extensions  none: the wheel has no machine code of its own
      grafted     none
      external    none
      rebuilt     a second build made the same bytes
    "
  `);
});

test("a build that was made again says whether its bytes are those of the one before", () => {
  const reproduced = { run: "r1", job: BUILD.name, same: true };
  expect(shown({ ...jobView(BUILD), reproduced }, 80)).toContain(`✓ the same bytes as r1 ${BUILD.name}\n`);
  const other = shown({ ...jobView(BUILD), reproduced: { ...reproduced, same: false } }, 80);
  expect(other).toContain(`! other bytes than r1 ${BUILD.name}, which had the same`);
  expect(other.replaceAll("\n", " ")).toContain("the build is not reproducible");
});

test("a run's jobs have the counts of their tests, and say what was taken from where", () => {
  const passed = finished("test-cp313-linux-x86_64", "passed", [0, 900], {
    tests: { tests: 7, failed: 0, skipped: 1, flaky: 0 },
  });
  const jobs = [TAKEN, BUILD, TEST, passed];
  expect(screenText(renderJobTable(jobs, 80, NOW, SYMBOLS), 80)).toMatchInlineSnapshot(`
    "
    job                       result           time           tests  what happened
    build-cp312-linux-x86_64  ✓ from r1                              taken from r1…
    build-cp312-linux-x86_64  ✓ passed        9.0 s
    test-cp312-linux-x86_64   ✗ tests-failed   1:25  1284, 3 failed
    test-cp313-linux-x86_64   ✓ passed        0.9 s               7
    "
  `);
  expect(screenText(renderJobTable(jobs, 200, NOW, SYMBOLS), 200)).toMatchInlineSnapshot(`
    "
    job                       result           time           tests  agent  what happened
    build-cp312-linux-x86_64  ✓ from r1                                     taken from r1 build-cp312-linux-x86_64
    build-cp312-linux-x86_64  ✓ passed        9.0 s                  box
    test-cp312-linux-x86_64   ✗ tests-failed   1:25  1284, 3 failed  box
    test-cp313-linux-x86_64   ✓ passed        0.9 s               7  box
    "
  `);
  expect(screenText(renderResults(runView(jobs)), 80)).toMatchInlineSnapshot(`
    "
    1291 tests in 2 reports: 3 failed, 1 flaky, 38 skipped
    1 build taken from r1
    "
  `);
  expect(renderResults(runView([BUILD]))).toEqual([]);
});
