import { describe, expect, test } from "vitest";
import { KNOWLEDGE } from "./knowledge.ts";
import { glibcOfTag, policyOnSystem } from "./glibc.ts";
import { cell, rule, word } from "./testing.ts";

describe("cuda-platform", () => {
  const judge = rule("cuda-platform").judge;

  test.for([
    ["linux-x86_64", "12.1", "possible"],
    ["ubuntu-22.04-aarch64", "12.4", "possible"],
    ["windows-11", "12.4", "possible"],
    ["windows-server-2022", "13.0", "possible"],
    ["macos-14", "11.8", "impossible"],
    ["macos-13-x86_64", "12.1", "impossible"],
    ["macos-arm64", "14.0", "impossible"],
    ["linux-x86_64", "14.0", "unknown"],
    ["linux-x86_64", "13.4", "possible"],
    ["linux-x86_64", "cpu", "silent"],
    ["macos-14", "rocm6.0", "silent"],
  ] as const)("%s with %s: %s", ([os, cuda, expected]) => {
    expect(word(judge(cell({ os, cuda })))).toBe(expected);
  });

  test("macOS is refused in a sentence with its source", () => {
    expect(judge(cell({ os: "macos-14", cuda: "12.1" }))).toMatchObject({
      reason: "CUDA 12.1 does not exist for macOS: NVIDIA has made no toolkit for it since 11.0",
      source: expect.stringContaining("spack/spack-packages") as string,
    });
  });
});

describe("gpu-cuda-os", () => {
  const judge = rule("gpu-cuda-os").judge;

  test("no NVIDIA GPU or driver is on a Mac", () => {
    expect(word(judge(cell({ os: "macos-14", gpu: "H100" })))).toBe("impossible");
    expect(word(judge(cell({ os: "macos-14", driver: "535" })))).toBe("impossible");
    expect(word(judge(cell({ os: "macos-14", gpu: "none" })))).toBe("silent");
    expect(word(judge(cell({ os: "ubuntu-22.04", gpu: "H100", driver: "535" })))).toBe("silent");
  });
});

describe("rocm", () => {
  const judge = rule("rocm").judge;

  test.for([
    [{ cuda: "rocm6.0" }, "possible"],
    [{ cuda: "rocm6.0", gpu: "none" }, "possible"],
    [{ cuda: "rocm6.0", gpu: "H100" }, "impossible"],
    [{ cuda: "rocm6.0", os: "macos-14" }, "impossible"],
    [{ cuda: "rocm6.0", os: "windows-11" }, "unknown"],
    [{ cuda: "rocm9.9" }, "unknown"],
    [{ cuda: "12.1", gpu: "H100" }, "silent"],
  ] as const)("%o: %s", ([axes, expected]) => {
    expect(word(judge(cell(axes)))).toBe(expected);
  });
});

describe("glibc", () => {
  const judge = rule("glibc").judge;

  test.for([
    ["ubuntu-20.04", "2.7.1", "12.6", "possible"],
    ["rhel-8", "2.7.1", "12.6", "possible"],
    ["ubuntu-18.04", "2.7.1", "12.6", "impossible"],
    ["centos-7", "2.7.1", "12.6", "impossible"],
    // linux_x86_64 names no glibc.
    ["ubuntu-18.04", "2.1.2", "12.1", "possible"],
    ["alpine-3.22", "2.1.2", "cpu", "impossible"],
    ["ubuntu-24.04", "2.14.0", "13.0", "possible"],
    ["ubuntu-18.04", "2.14.0", "13.0", "impossible"],
    ["ubuntu-24.04-aarch64", "2.14.0", "13.0", "unknown"],
    ["ubuntu-24.04-aarch64", "2.12.1", "13.0", "possible"],
    ["ubuntu-24.04", "2.12.0", "13.0", "unknown"],
    // A platform alone may be any distribution; and a wheel that does not exist needs nothing.
    ["linux-x86_64", "2.7.1", "12.6", "silent"],
    ["ubuntu-18.04", "2.7.1", "12.1", "silent"],
    ["macos-14", "2.7.1", "cpu", "silent"],
  ] as const)("%s, torch %s, %s: %s", ([os, torch, cuda, expected]) => {
    expect(word(judge(cell({ os, torch, cuda })))).toBe(expected);
  });

  test("names both versions and the tag", () => {
    expect(judge(cell({ os: "ubuntu-18.04", torch: "2.7.1", cuda: "12.6" }))).toMatchObject({
      reason: "ubuntu-18.04 has glibc 2.27, and the wheel of torch 2.7.1 (manylinux_2_28_x86_64) needs 2.28",
      source: expect.stringContaining("pep600_compliance") as string,
      asOf: "2026-08-08",
    });
  });

  // PEP 513, 571, 599 and 600.
  test.for([
    ["manylinux1_x86_64", "2.5"],
    ["manylinux2010_x86_64", "2.12"],
    ["manylinux2014_aarch64", "2.17"],
    ["manylinux_2_17_aarch64.manylinux2014_aarch64", "2.17"],
    ["manylinux_2_28_x86_64", "2.28"],
    ["manylinux_2_5_x86_64.manylinux1_x86_64", "2.5"],
    ["manylinux_2_34_x86_64.manylinux_2_17_x86_64", "2.17"],
    ["linux_x86_64", null],
    ["win_amd64", null],
  ] as const)("%s asks for glibc %s", ([tag, glibc]) => {
    expect(glibcOfTag(KNOWLEDGE, tag)).toBe(glibc);
  });

  test.for([
    ["manylinux_2_28", "ubuntu-20.04", "possible"],
    ["manylinux_2_34", "ubuntu-20.04", "impossible"],
    ["manylinux2014", "centos-7", "possible"],
    ["manylinux_2_28", "alpine-3.20", "impossible"],
    ["musllinux_1_2", "ubuntu-22.04", "unknown"],
    ["manylinux_2_28", "linux-x86_64", "silent"],
    ["manylinux_2_28", "macos-14", "silent"],
  ] as const)("a wheel of %s on %s: %s", ([policy, os, expected]) => {
    expect(word(policyOnSystem(KNOWLEDGE, policy, os))).toBe(expected);
  });
});

describe("macos-version", () => {
  const judge = rule("macos-version").judge;

  test.for([
    ["macos-11", "3.12", "2.7.1", "possible"],
    // Free-threaded wheels of 2.7 ask for macOS 14, the others for 11.
    ["macos-13", "3.13t", "2.7.1", "impossible"],
    ["macos-14", "3.13t", "2.7.1", "possible"],
    ["macos-13", "3.12", "2.12.1", "impossible"],
    ["macos-26", "3.12", "2.12.1", "possible"],
    ["macos-11-x86_64", "3.10", "2.2.2", "possible"],
    ["macos-13-x86_64", "3.10", "2.12.1", "silent"],
    ["macos-14", "3.12", "2.14.0", "unknown"],
    ["macos-arm64", "3.12", "2.12.1", "silent"],
    ["ubuntu-22.04", "3.12", "2.12.1", "silent"],
  ] as const)("%s, CPython %s, torch %s: %s", ([os, python, torch, expected]) => {
    expect(word(judge(cell({ os, python, torch, cuda: "cpu" })))).toBe(expected);
  });
});
