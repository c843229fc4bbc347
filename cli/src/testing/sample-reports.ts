import type { TestCase, TestReport, WheelReport } from "@kiln/proto";

const MIB = 1024 * 1024;

/** A CUDA extension that is repaired, with two things that are not as promised. */
export const CUDA_WHEEL: WheelReport = {
  kind: "wheel",
  tags: ["cp312-cp312-manylinux_2_27_x86_64", "cp312-cp312-manylinux_2_28_x86_64"],
  sizeBytes: 14.2 * MIB,
  policy: "manylinux_2_27_x86_64",
  glibc: "2.27",
  extensions: [
    { path: "flashlight/_C.cpython-312-x86_64-linux-gnu.so", sizeBytes: 12.9 * MIB },
    {
      path: "flashlight/kernels/attention/backward/_block_sparse_attention_backward.cpython-312-x86_64-linux-gnu.so",
      sizeBytes: 48_213,
    },
  ],
  grafted: [{ path: "flashlight.libs/libgomp-a34b3233.so.1.0.0", sizeBytes: 168_192 }],
  external: ["libc10.so", "libtorch.so", "libtorch_cpu.so", "libtorch_cuda.so", "libcudart.so.12", "libstdc++.so.6"],
  foreignRpaths: ["flashlight/_C.cpython-312-x86_64-linux-gnu.so: /usr/local/cuda/lib64"],
  smArchitectures: ["80", "90a"],
  ptxArchitectures: ["90"],
  reproducibility: "different",
  sourceDateEpoch: 1_767_225_600,
  remarks: [
    "flashlight/_C.cpython-312-x86_64-linux-gnu.so has an RPATH that leads outside the wheel, to /usr/local/cuda/lib64.",
    "It has machine code for sm_90a, which the spec does not ask for.",
  ],
};

export const PURE_WHEEL: WheelReport = {
  ...{
    kind: "wheel",
    tags: ["py3-none-any"],
    sizeBytes: 9_112,
    policy: null,
    glibc: null,
    extensions: [],
    grafted: [],
  },
  ...{ external: [], foreignRpaths: [], smArchitectures: [], ptxArchitectures: [], reproducibility: "same-bytes" },
  ...{ sourceDateEpoch: 0, remarks: [] },
};

function testCase(name: string, outcome: TestCase["outcome"], set: Partial<TestCase> = {}): TestCase {
  return { name, outcome, durationMs: 120, message: "", place: "", ...set };
}

/** Some of everything: failures, an error, a flaky test, skips with reasons and without. */
export const MIXED_TESTS: TestReport = {
  kind: "test",
  ...{ tests: 1_284, passed: 1_243, failed: 2, errors: 1, skipped: 37, flaky: 1, durationMs: 83_400 },
  failures: [
    testCase("tests.test_matmul::test_zero[float32-cuda]", "failed", {
      place: "tests/test_matmul.py:42",
      message:
        "AssertionError: Tensor-likes are not close!\n\nMismatched elements: 3 / 4096 (0.1%)\n\u001b[31mGreatest absolute difference: 0.015625 at index (7, 12) (up to 1e-05 allowed)\u001b[0m",
    }),
    testCase(
      "tests.attention.test_block_sparse::TestBackward::test_gradients[heads=16-blocks=32x32-causal-bfloat16]",
      "failed",
      {
        durationMs: 2_310,
        place: "tests/attention/test_block_sparse.py:188",
        message: Array.from({ length: 12 }, (_, index) => `line ${index + 1} of a long message`).join("\n"),
      },
    ),
    testCase("tests.test_io::test_round_trip", "error", { message: "fixture 'tmp_store' not found" }),
    testCase("tests.test_stream::test_order", "flaky", {
      durationMs: 640,
      place: "tests/test_stream.py:9",
      message: "assert [2, 1] == [1, 2]",
    }),
  ],
  skips: [
    ...Array.from({ length: 21 }, (_, index) =>
      testCase(`tests.test_gpu::test_${index}`, "skipped", { message: "needs two GPUs" }),
    ),
    ...Array.from({ length: 9 }, (_, index) =>
      testCase(`tests.test_win::test_${index}`, "skipped", { message: "Windows only" }),
    ),
    ...Array.from({ length: 3 }, (_, index) => testCase(`tests.test_x::test_${index}`, "skipped")),
  ],
  slowest: [31_200, 12_080, 9_400, 2_310, 1_950, 1_100].map((durationMs, index) =>
    testCase(`tests.test_train::test_epoch[${index}]`, "passed", { durationMs }),
  ),
  coverage: { lines: 4_820, linesCovered: 3_911, branches: 640, branchesCovered: 401 },
};
