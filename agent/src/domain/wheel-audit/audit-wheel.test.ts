import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8Length } from "../log-text.ts";
import { auditWheel, type WheelFacts, type WheelFindings } from "./audit-wheel.ts";
import { boundedReport } from "./bounded-report.ts";
import { binary, PLAIN_WISH, wheelOf } from "./testing.ts";

const MADE_FOR = { python: "3.12", platform: "linux-x86_64" };
const NATIVE = "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64";
const SIZE_MAX = 2 ** 31;
const TORCH = { ...PLAIN_WISH, torch: { version: "2.7.1", variant: "cu126" }, cuda: "12.6" };
const MODULE = "demo/_C.cpython-312-x86_64-linux-gnu.so";

function audit(wheel: WheelFacts, wish: typeof PLAIN_WISH | null = PLAIN_WISH, at = MADE_FOR): WheelFindings {
  return auditWheel(wheel, wish, at, SIZE_MAX);
}
const faults = (...args: Parameters<typeof audit>): readonly string[] => audit(...args).faults;
const device = (machineCode: string[], ptx: string[] = []) => ({ device: { machineCode, ptx } });

describe("the kind of a wheel", () => {
  test("native is one that the job's Python and platform install", () => {
    expect(faults(wheelOf(NATIVE, [binary(MODULE)]))).toEqual([]);
    for (const tags of ["cp311-cp311-linux_x86_64", "cp312-cp312-linux_aarch64", "cp312-cp312t-linux_x86_64"]) {
      expect(faults(wheelOf(tags, [binary(MODULE)]))).toEqual([
        `it is tagged ${tags}, which CPython 3.12 on linux-x86_64 does not install`,
      ]);
    }
    const threaded = { python: "3.13t", platform: "macos-arm64" };
    const mac = binary("demo/_C.cpython-313t-darwin.so", { format: "mach-o", machines: ["arm64"] });
    expect(faults(wheelOf("cp313-cp313t-macosx_11_0_arm64", [mac]), null, threaded)).toEqual([]);
    expect(faults(wheelOf("cp39-abi3-macosx_11_0_arm64", [mac]), null, threaded)).toHaveLength(1);
  });

  test("pure where native was only said by default is a remark, and a fault where it is linked to PyTorch", () => {
    expect(audit(wheelOf("py3-none-any", []))).toMatchObject({
      faults: [],
      remarks: [expect.stringContaining("kind: pure")],
    });
    expect(faults(wheelOf("py3-none-any", []), TORCH)).toEqual([
      "silent CPU fallback: the wheel (py3-none-any) holds no extension module, though it was to be linked to " +
        "PyTorch 2.7.1 and CUDA 12.6; if it is meant to be pure, write kind: pure in build.wheels",
    ]);
    expect(faults(wheelOf(NATIVE, []), { ...TORCH, cuda: null })).toEqual([
      expect.stringMatching(/^silent CPU fallback: .* linked to PyTorch 2\.7\.1$/),
    ]);
  });

  test("pure must be for any platform, and hold nothing that is not", () => {
    const pure = { ...PLAIN_WISH, kind: "pure" } as const;
    expect(faults(wheelOf("py2.py3-none-any", []), pure)).toEqual([]);
    expect(faults(wheelOf("py3-none-manylinux_2_17_x86_64", [binary("demo/tool")]), pure)).toEqual([
      "a pure wheel (py3-none-any) was promised, and it is tagged py3-none-manylinux_2_17_x86_64",
    ]);
    expect(faults(wheelOf("py3-none-any", [binary(MODULE)]), pure)).toEqual([
      `it is tagged py3-none-any, for any platform, and holds ${MODULE}, which is not`,
    ]);
  });

  test("abi3 must be tagged so, and its modules named so", () => {
    const abi3 = { ...PLAIN_WISH, kind: "abi3" } as const;
    expect(faults(wheelOf("cp39-abi3-manylinux_2_17_x86_64", [binary("demo/_C.abi3.so")]), abi3)).toEqual([]);
    expect(faults(wheelOf(NATIVE, [binary(MODULE)]), abi3)[0]).toContain(
      "(abi3) was promised, and it is tagged cp312-cp312-",
    );
    expect(faults(wheelOf("cp39-abi3-manylinux_2_17_x86_64", [binary(MODULE)]), abi3)[0]).toContain(
      `by its name ${MODULE} is for one Python alone`,
    );
    expect(faults(wheelOf("cp39-abi3-manylinux_2_17_x86_64", []), abi3)[0]).toContain("has no extension module");
    // Made by a newer Python than the one that is to install it.
    expect(faults(wheelOf("cp313-abi3-manylinux_2_17_x86_64", [binary("demo/_C.abi3.so")]), abi3)).toHaveLength(1);
  });

  test("a module for another machine is a fault", () => {
    expect(faults(wheelOf(NATIVE, [binary(MODULE, { machines: ["aarch64"] })]))).toEqual([
      `${MODULE} is for aarch64, not for x86_64`,
    ]);
  });
});

describe("device code", () => {
  const cuda = { ...PLAIN_WISH, cuda: "12.6", archList: ["8.0", "9.0+PTX"] };

  test("of all of the wheel's own files together keeps the promise", () => {
    const split = [binary(MODULE, device(["80"])), binary("demo/libkernels.so", device(["90"], ["90"]))];
    const found = audit(wheelOf(NATIVE, split), cuda);
    expect(found).toMatchObject({ faults: [], remarks: [], smArchitectures: ["80", "90"], ptxArchitectures: ["90"] });
  });

  test("of a grafted library keeps none", () => {
    const grafted = binary("demo.libs/libother-0a1b2c3d.so.1", device(["80", "90"], ["90"]));
    expect(faults(wheelOf(NATIVE, [binary(MODULE), grafted]), cuda)).toEqual([
      "silent CPU fallback: its one binary holds no device code, and CUDA 12.6 code for 8.0 9.0+PTX was promised",
    ]);
  });

  test("for 90a is not that for 90, nor PTX machine code", () => {
    expect(faults(wheelOf(NATIVE, [binary(MODULE, device(["80", "90a"], ["90"]))]), cuda)[0]).toMatch(
      /^sm_90 is missing: /,
    );
    expect(faults(wheelOf(NATIVE, [binary(MODULE, device(["80", "90"]))]), cuda)[0]).toMatch(
      /^PTX for 90 is missing: /,
    );
    const special = { ...cuda, archList: ["9.0a", "10.0f"] };
    expect(faults(wheelOf(NATIVE, [binary(MODULE, device(["90a", "100f"]))]), special)).toEqual([]);
  });

  test("beyond the promise, or that nothing asked for, is a remark", () => {
    const more = wheelOf(NATIVE, [binary(MODULE, device(["75", "80", "90"], ["90"]))]);
    expect(audit(more, cuda)).toMatchObject({ faults: [], remarks: ["it holds sm_75 beyond what was promised"] });
    expect(audit(more)).toMatchObject({ faults: [], remarks: [expect.stringContaining("that nothing asked for")] });
  });

  test("is not looked for in a wheel for ROCm", () => {
    expect(faults(wheelOf(NATIVE, [binary(MODULE)]), { ...cuda, cuda: "rocm6.0" })).toEqual([]);
  });
});

describe("libraries", () => {
  test("of PyTorch or CUDA that were copied into the wheel are a fault where it is linked to them", () => {
    const grafted = [
      binary("demo.libs/libcudart-3f1c2d4e.so.12.6.77", {}, 700_000),
      binary("demo.libs/libgomp-24e2ab19.so.1.0.0"),
    ];
    const wheel = wheelOf(NATIVE, [binary(MODULE, device(["80"])), ...grafted]);
    expect(faults(wheel, { ...TORCH, archList: ["8.0"] })).toEqual([
      "libraries of PyTorch or CUDA were copied into it: libcudart-3f1c2d4e.so.12.6.77 (683.6 KiB)",
    ]);
    expect(audit(wheel).faults).toEqual([]);
    expect(audit(wheel).grafted).toHaveLength(2);
  });

  test("that the wheel needs and does not bring are listed by name", () => {
    const libs = [
      binary(MODULE, { needed: ["libc.so.6", "libgomp-24e2ab19.so.1.0.0", "libtorch.so", "libown.so"] }),
      binary("demo.libs/libgomp-24e2ab19.so.1.0.0"),
      binary("demo/renamed.so", { soname: "libown.so" }),
    ];
    expect(audit(wheelOf(NATIVE, libs)).external).toEqual(["libc.so.6", "libtorch.so"]);
  });

  test("are looked for only inside of site-packages: other RPATH entries are reported", () => {
    const rpaths = [
      "$ORIGIN/../demo.libs",
      "$ORIGIN/../torch/lib",
      "$ORIGIN/../../usr",
      "/opt/cuda/lib64",
      "lib",
      "@loader_path/x",
    ];
    expect(audit(wheelOf(NATIVE, [binary(MODULE, { rpaths })])).foreignRpaths).toEqual(
      ["$ORIGIN/../../usr", "/opt/cuda/lib64", "lib"].map((entry) => `${MODULE}: ${entry}`),
    );
    const inData = "demo-1.0.data/platlib/demo/_C.so";
    expect(audit(wheelOf(NATIVE, [binary(inData, { rpaths: ["$ORIGIN/..", "$ORIGIN/../.."] })])).foreignRpaths).toEqual(
      [`${inData}: $ORIGIN/../..`],
    );
  });

  test("that cannot be read are a fault, and test data that only begins like one is a remark", () => {
    const unreadable = [
      { path: "demo/libx.so.1", message: "the text at 3 has no end" },
      { path: "tests/data/broken.bin", message: "the text at 4 has no end" },
    ];
    expect(audit(wheelOf(NATIVE, [binary(MODULE)], { unreadable }))).toMatchObject({
      faults: ["demo/libx.so.1 is damaged: the text at 3 has no end"],
      remarks: ["tests/data/broken.bin begins as a program and is none: the text at 4 has no end"],
    });
  });
});

describe("the policy", () => {
  test("of a wheel is the oldest that allows its symbols, and its tag may not be older", () => {
    const wheel = (tags: string) => wheelOf(tags, [binary(MODULE, { symbolVersions: ["GLIBC_2.2.5", "GLIBC_2.27"] })]);
    expect(audit(wheel("cp312-cp312-manylinux_2_28_x86_64"))).toMatchObject({
      faults: [],
      policy: "manylinux_2_27_x86_64",
      glibc: "2.27",
    });
    expect(faults(wheel(NATIVE))).toEqual([
      `it is tagged manylinux_2_17_x86_64, and ${MODULE} needs GLIBC_2.27, which manylinux_2_17_x86_64 does not allow`,
    ]);
  });

  test("that was promised must be the tag's, or a newer one than the tag's", () => {
    const asked = (policy: string) => faults(wheelOf(NATIVE, [binary(MODULE)]), { ...PLAIN_WISH, policy });
    expect(asked("manylinux_2_28")).toEqual([]);
    expect(asked("manylinux2014")).toEqual([]);
    expect(asked("manylinux_2_12")).toEqual([
      "manylinux_2_12 was promised, and it is tagged manylinux_2_17_x86_64, manylinux2014_x86_64",
    ]);
    expect(asked("musllinux_1_2")).toHaveLength(1);
  });

  test("is nothing where the tag says only Linux, which is a remark", () => {
    expect(audit(wheelOf("cp312-cp312-linux_x86_64", [binary(MODULE)])).remarks).toEqual([
      expect.stringContaining("no index takes it"),
    ]);
  });
});

test("a wheel's size is a fault beyond the agent's limit, and a remark beyond 100 MiB", () => {
  const sized = (sizeBytes: number) => audit(wheelOf(NATIVE, [binary(MODULE)], { sizeBytes }));
  expect(sized(SIZE_MAX + 1).faults).toEqual([expect.stringContaining("more than the 2 GiB that this agent takes")]);
  expect(sized(101 * 1024 ** 2)).toMatchObject({ faults: [], remarks: [expect.stringContaining("101 MiB")] });
});

test("a report has at most 48 KiB of text, and says what it leaves out", () => {
  const words = fc.array(fc.string({ maxLength: 2_000, unit: "binary" }), { maxLength: 400 });
  const members = fc.array(fc.record({ path: fc.string({ maxLength: 500 }), sizeBytes: fc.nat() }), { maxLength: 400 });
  fc.assert(
    fc.property(words, members, words, (remarks, extensions, external) => {
      const found = audit(wheelOf(NATIVE, []));
      const report = boundedReport({
        kind: "wheel",
        ...found,
        ...{ remarks, extensions, external, foreignRpaths: external, grafted: extensions },
        sourceDateEpoch: 0,
        reproducibility: null,
      });
      const texts = [
        ...report.remarks,
        ...report.external,
        ...report.foreignRpaths,
        ...[...report.extensions, ...report.grafted].map(({ path }) => path),
      ];
      expect(texts.reduce((sum, text) => sum + utf8Length(text), 0)).toBeLessThanOrEqual(48 * 1024);
      const isCut = report.external.length < external.length;
      expect(report.remarks.some((text) => text.endsWith("external libraries are not listed"))).toBe(isCut);
    }),
    { numRuns: 30 },
  );
});
