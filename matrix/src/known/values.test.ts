import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KNOWLEDGE } from "../knowledge/knowledge.ts";
import { compareAxisValues } from "./axis-order.ts";
import { cudaValue, cudaVariant } from "./cuda-value.ts";
import { gpuValue } from "./gpu-value.ts";
import { resolveTorch, torchBySpecifier } from "./torch-value.ts";

describe("values of the cuda axis", () => {
  test.for([
    ["cpu", "cpu"],
    ["CPU", "cpu"],
    ["cu121", "12.1"],
    ["cu118", "11.8"],
    ["cu92", "9.2"],
    ["12.1", "12.1"],
    ["12.1.1", "12.1"],
    ["CUDA 12.1", "12.1"],
    ["rocm6.0", "rocm6.0"],
    ["ROCm 6.2.4", "rocm6.2.4"],
  ] as const)("%s is %s", ([text, value]) => {
    expect(cudaValue(text)).toBe(value);
  });

  test.for(["", "12", "cuda", "cu", "cu1", "xpu", "12.1.1.1", "rocm6", "mps", "latest", "121"])(
    "%j is none",
    (text) => {
      expect(cudaValue(text)).toBeNull();
    },
  );

  test("have the name that indexes give them, from which they can be read again", () => {
    expect(["cpu", "12.1", "13.0", "rocm6.2.4"].map(cudaVariant)).toEqual(["cpu", "cu121", "cu130", "rocm6.2.4"]);
    for (const feature of KNOWLEDGE.toolkitsByFeature.keys()) expect(cudaValue(cudaVariant(feature))).toBe(feature);
  });
});

describe("values of the gpu axis", () => {
  test.for([
    ["none", "none"],
    ["None", "none"],
    ["9.0", "9.0"],
    ["sm_90", "9.0"],
    ["sm90a", "9.0"],
    ["SM_120", "12.0"],
    ["compute_86", "8.6"],
    ["H100", "H100"],
    ["h100", "H100"],
    ["NVIDIA H100 80GB HBM3", "H100"],
    ["H200 NVL", "H200 NVL"],
    ["NVIDIA H200", "H200"],
    ["NVIDIA GH200 480GB", "H100 on GH200"],
    ["NVIDIA A100-SXM4-80GB", "A100"],
    ["Tesla T4", "T4"],
    ["NVIDIA L40S", "L40S"],
    ["rtx 4090", "GeForce RTX 4090"],
    ["RTX_4090", "GeForce RTX 4090"],
    ["NVIDIA GeForce RTX 4070 Ti", "GeForce RTX 4070 Ti"],
    ["NVIDIA RTX PRO 4000 Blackwell SFF Edition", "RTX PRO 4000 Blackwell SFF Edition"],
  ] as const)("%s is %s", ([text, value]) => {
    expect(gpuValue(text)).toBe(value);
  });

  // A laptop's 4090, a Super and an A10G are others than the models that the data has.
  test.for([
    "",
    "90",
    "9",
    "sm_9",
    "NVIDIA A10G",
    "GeForce RTX 4090 Laptop GPU",
    "GeForce RTX 4070 Ti SUPER",
    "MI300X",
    "gpu",
  ])("%j is none", (text) => {
    expect(gpuValue(text)).toBeNull();
  });
});

describe("values of the torch axis", () => {
  test.for([
    ["2.1", "2.1.2"],
    ["2.1.0", "2.1.0"],
    ["v2.1.0", "2.1.0"],
    ["1.13", "1.13.1"],
    ["2.10", "2.10.0"],
    ["latest", "2.14.0"],
    ["latest-0", "2.14.0"],
    ["latest-2", "2.12.1"],
    ["latest-3", "2.11.0"],
    ["2.15.0", "2.15.0"],
    ["2.15.0rc1", "2.15.0rc1"],
    ["2.99", null],
    ["latest-99", null],
    ["newest", null],
    ["2", null],
    ["", null],
    ["2.1.2+cu121", null],
    [">=2.1", null],
  ] as const)("%s is %s", ([written, value]) => {
    expect(resolveTorch(written, KNOWLEDGE)).toBe(value);
  });

  test("by a specifier are the newest admitted patch release of each feature version, oldest first", () => {
    expect(torchBySpecifier(">=2.1,<2.4", KNOWLEDGE)).toEqual(["2.1.2", "2.2.2", "2.3.1"]);
    expect(torchBySpecifier(">=2.1,<2.2.2,", KNOWLEDGE)).toEqual(["2.1.2", "2.2.1"]);
    expect(torchBySpecifier("!=2.14.*,>=2.12", KNOWLEDGE)).toEqual(["2.12.1", "2.13.0"]);
    expect(torchBySpecifier(">=99", KNOWLEDGE)).toEqual([]);
    expect(torchBySpecifier("nonsense", KNOWLEDGE)).toEqual([]);
  });
});

describe("the order of an axis's values", () => {
  test.for([
    ["python", ["3.9", "3.10", "3.13", "3.13t", "3.14"]],
    ["torch", ["1.13.1", "2.0.1", "2.9.1", "2.10.0", "2.15.0rc1", "2.15.0"]],
    ["cuda", ["cpu", "11.8", "12.1", "13.0", "rocm5.7", "rocm6.0", "rocm6.0.1", "rocm7.14"]],
    ["gpu", ["none", "7.0", "V100", "8.0", "A100", "9.0", "H100", "12.0"]],
    ["driver", ["470", "525", "525.60.13", "535.104.05", "580"]],
    [
      "os",
      [
        "linux-x86_64",
        "debian-12",
        "ubuntu-20.04",
        "ubuntu-22.04",
        "ubuntu-rolling",
        "linux-aarch64",
        "ubuntu-22.04-aarch64",
        "macos-arm64",
        "macos-11",
        "macos-14",
        "macos-13-x86_64",
        "windows-x86_64",
        "windows-10",
        "windows-11",
        "windows-server-2022",
      ],
    ],
    ["batch", ["1", "2", "10", "1.5.0", "big", "small"].toSorted((a, b) => compareAxisValues("batch", a, b))],
    ["backend", ["compiled", "eager"]],
  ] as const)("%s: oldest first", ([axis, values]) => {
    expect(values.toReversed().toSorted((a, b) => compareAxisValues(axis, a, b))).toEqual(values);
  });

  test("is one order: total, and equal only for equal texts", () => {
    const axis = fc.constantFrom("python", "torch", "cuda", "gpu", "driver", "os", "own");
    const value = fc.oneof(
      fc.constantFrom(
        "cpu",
        "12.1",
        "rocm6.0",
        "2.1.2",
        "2.1.2rc1",
        "H100",
        "none",
        "535",
        "ubuntu-22.04",
        "macos-14",
        "3.13t",
        "10",
        "9",
      ),
      fc.string({ maxLength: 8 }),
    );
    fc.assert(
      fc.property(axis, value, value, value, (name, a, b, c) => {
        const order = (x: string, y: string) => Math.sign(compareAxisValues(name, x, y));
        expect(order(a, b) === 0).toBe(a === b);
        expect(order(a, b)).toBe(-order(b, a) + 0);
        if (order(a, b) < 0 && order(b, c) < 0) expect(order(a, c)).toBe(-1);
      }),
      { numRuns: 2000 },
    );
  });
});
