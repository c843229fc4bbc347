import { describe, expect, test } from "vitest";
import { platformTags, supportedTags } from "./supported-tags.ts";
import type { WheelSystem } from "./wheel-environment.ts";

const WINDOWS: WheelSystem = { kind: "windows", arch: "x86_64" };
const glibc = (version: string, arch = "x86_64"): WheelSystem => ({ kind: "glibc", arch, version });
const macos = (version: string, arch: "arm64" | "x86_64" = "arm64"): WheelSystem => ({ kind: "macos", arch, version });

describe("the tags of an interpreter", () => {
  test("are, best first: own ABI, stable ABI, no ABI, stable ABI of older ones, pure Python (PEP 425)", () => {
    expect(supportedTags({ python: "3.4", system: WINDOWS })).toEqual([
      "cp34-cp34-win_amd64",
      "cp34-abi3-win_amd64",
      "cp34-none-win_amd64",
      "cp33-abi3-win_amd64",
      "cp32-abi3-win_amd64",
      "py34-none-win_amd64",
      "py3-none-win_amd64",
      "py33-none-win_amd64",
      "py32-none-win_amd64",
      "py31-none-win_amd64",
      "py30-none-win_amd64",
      "cp34-none-any",
      "py34-none-any",
      "py3-none-any",
      "py33-none-any",
      "py32-none-any",
      "py31-none-any",
      "py30-none-any",
    ]);
  });

  test("have abi3 from 3.2 on, of the own version and every older one (PEP 384)", () => {
    const tags = supportedTags({ python: "3.12", system: WINDOWS });
    expect(tags.filter((tag) => tag.includes("-abi3-"))).toEqual(
      [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map((minor) => `cp3${minor}-abi3-win_amd64`),
    );
    expect(tags).not.toContain("cp313-abi3-win_amd64");
    expect(supportedTags({ python: "3.1", system: WINDOWS }).some((tag) => tag.includes("abi3"))).toBe(false);
  });

  test("of a free-threaded build have no abi3 and not the ABI of the standard build, but abi3t (PEP 703, PEP 803)", () => {
    const tags = supportedTags({ python: "3.13t", system: WINDOWS });
    expect(tags[0]).toBe("cp313-cp313t-win_amd64");
    expect(tags).not.toContain("cp313-cp313-win_amd64");
    expect(tags.some((tag) => tag.includes("-abi3-"))).toBe(false);
    expect(tags).toContain("cp313-abi3t-win_amd64");
    expect(tags).toContain("cp313-none-any");
    expect(supportedTags({ python: "3.13", system: WINDOWS }).some((tag) => tag.includes("abi3t"))).toBe(false);
  });

  test("are there for CPython 3 only", () => {
    for (const python of ["2.7", "3", "3.x", "pypy3.10", ""])
      expect(supportedTags({ python, system: WINDOWS })).toEqual([]);
  });
});

describe("the platforms of a system", () => {
  test("with glibc are every manylinux down to 2.5 on x86, legacy names after their glibc (PEP 600)", () => {
    const tags = platformTags(glibc("2.18"));
    expect(tags.slice(0, 5)).toEqual([
      "linux_x86_64",
      "manylinux_2_18_x86_64",
      "manylinux_2_17_x86_64",
      "manylinux2014_x86_64",
      "manylinux_2_16_x86_64",
    ]);
    expect(tags.slice(-3)).toEqual(["manylinux_2_6_x86_64", "manylinux_2_5_x86_64", "manylinux1_x86_64"]);
    expect(tags.indexOf("manylinux2010_x86_64")).toBe(tags.indexOf("manylinux_2_12_x86_64") + 1);
    expect(tags).not.toContain("manylinux_2_19_x86_64");
  });

  test("with glibc on ARM begin with manylinux2014: PEP 513 and 571 are for x86", () => {
    expect(platformTags(glibc("2.18", "aarch64"))).toEqual([
      "linux_aarch64",
      "manylinux_2_18_aarch64",
      "manylinux_2_17_aarch64",
      "manylinux2014_aarch64",
    ]);
  });

  test("with an older glibc than a legacy policy needs do not have its name", () => {
    expect(platformTags(glibc("2.16"))).not.toContain("manylinux2014_x86_64");
    expect(platformTags(glibc("2.4"))).toEqual(["linux_x86_64"]);
  });

  test("with musl are every minor version of its musllinux, and no manylinux (PEP 656)", () => {
    expect(platformTags({ kind: "musl", arch: "x86_64", version: "1.2" })).toEqual([
      "linux_x86_64",
      "musllinux_1_2_x86_64",
      "musllinux_1_1_x86_64",
      "musllinux_1_0_x86_64",
    ]);
  });

  test("put linux_x86_64 first as packaging 26.3 does, or last as uv and older ones do", () => {
    expect(platformTags(glibc("2.6"), "linux-last")).toEqual([
      "manylinux_2_6_x86_64",
      "manylinux_2_5_x86_64",
      "manylinux1_x86_64",
      "linux_x86_64",
    ]);
  });

  test("of Apple silicon begin with 11.0, and take what is older as universal2", () => {
    const tags = platformTags(macos("12"));
    expect(tags.slice(0, 6)).toEqual([
      "macosx_12_0_arm64",
      "macosx_12_0_universal2",
      "macosx_11_0_arm64",
      "macosx_11_0_universal2",
      "macosx_10_16_universal2",
      "macosx_10_15_universal2",
    ]);
    expect(tags.at(-1)).toBe("macosx_10_4_universal2");
    expect(tags.some((tag) => tag.endsWith("x86_64"))).toBe(false);
    expect(platformTags(macos("10.15"))).toEqual([]);
  });

  test("of Intel Macs go back to 10.4 in every format of theirs", () => {
    const tags = platformTags(macos("14.6", "x86_64"));
    expect(tags[0]).toBe("macosx_14_0_x86_64");
    expect(tags).toContain("macosx_10_9_x86_64");
    expect(tags.filter((tag) => tag.startsWith("macosx_10_4_"))).toEqual(
      ["x86_64", "intel", "fat64", "fat3", "universal2", "universal"].map((format) => `macosx_10_4_${format}`),
    );
    expect(tags.some((tag) => tag.endsWith("arm64") || tag.includes("_10_3_"))).toBe(false);
    expect(platformTags(macos("10.9", "x86_64"))[0]).toBe("macosx_10_9_x86_64");
  });

  test("of Windows are one", () => {
    expect(platformTags(WINDOWS)).toEqual(["win_amd64"]);
    expect(platformTags({ kind: "windows", arch: "arm64" })).toEqual(["win_arm64"]);
    expect(platformTags({ kind: "windows", arch: "x86" })).toEqual(["win32"]);
  });
});

test("no tag is there twice: their order is total", () => {
  const systems = [glibc("2.41"), glibc("2.28", "aarch64"), macos("26"), macos("13", "x86_64"), WINDOWS];
  for (const python of ["3.8", "3.12", "3.13t", "3.15"]) {
    for (const system of [...systems, { kind: "musl", arch: "x86_64", version: "1.2" } as const]) {
      const tags = supportedTags({ python, system });
      expect(new Set(tags).size).toBe(tags.length);
    }
  }
});
