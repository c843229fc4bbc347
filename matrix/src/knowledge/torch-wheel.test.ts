import { describe, expect, test } from "vitest";
import { KNOWN_PLATFORMS } from "../known/platforms.ts";
import { KNOWLEDGE } from "./knowledge.ts";
import { cell, DATA, rule, word } from "./testing.ts";
import { isSettled } from "./torch-declared.ts";
import { indexWheels, parseVariant, platformOfTag } from "./torch-wheel-list.ts";

const WHEEL = rule("torch-wheel");
const answer = (os: string, python: string, torch: string, cuda?: string) =>
  word(WHEEL.judge(cell({ os, python, torch, ...(cuda !== undefined && { cuda }) })));

const PYTHONS = ["3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.13t", "3.14", "3.14t", "3.15", "3.15t"];
const CUDAS = [
  "cpu",
  "11.6",
  "11.7",
  "11.8",
  "12.1",
  "12.4",
  "12.6",
  "12.8",
  "12.9",
  "13.0",
  "13.2",
  "13.4",
  "rocm5.7",
  "rocm6.0",
  "rocm6.3",
  "rocm7.2",
];

/** What `index_wheels` lists, read here by hand and not by Kiln's reader: "cu121 linux-x86_64 3.10". */
function listedByHand(
  wheels: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>,
): ReadonlySet<string> {
  const listed = new Set<string>();
  for (const [variant, tags] of Object.entries(wheels)) {
    for (const [tag, pythons] of Object.entries(tags)) {
      const arch = tag.endsWith("aarch64") ? "aarch64" : tag.endsWith("arm64") ? "arm64" : "x86_64";
      const system = tag.startsWith("win") ? "windows" : tag.startsWith("macosx") ? "macos" : "linux";
      const plain =
        variant === "nolocal" ? "cpu" : variant === "nolocal@cu124" ? "cu124" : (variant.split(/[.@]/)[0] ?? "");
      const name = variant.startsWith("rocm") ? variant : plain;
      for (const python of pythons) listed.add(`${name} ${system}-${arch} ${python}`);
    }
  }
  return listed;
}

describe("cells of releases whose wheels are listed", () => {
  const listed = DATA.pytorchReleases.records.filter((record) => "index_wheels" in record);

  test("are those of 19 releases", () => {
    expect(listed.length).toBe(19);
  });

  test.for(listed.map((record) => [record.version, record] as const))(
    "torch %s answers exactly as the list does",
    ([version, record]) => {
      const wheels = listedByHand(record.index_wheels as unknown as Record<string, Record<string, string[]>>);
      let possible = 0;
      for (const os of KNOWN_PLATFORMS) {
        for (const python of PYTHONS) {
          for (const cuda of CUDAS) {
            const name = /^\d/.test(cuda) ? `cu${cuda.replace(".", "")}` : cuda;
            const expected = wheels.has(`${name} ${os} ${python}`) ? "possible" : "impossible";
            expect([os, python, cuda, answer(os, python, version, cuda)]).toEqual([os, python, cuda, expected]);
            if (expected === "possible") possible += 1;
          }
        }
      }
      expect(possible).toBeGreaterThan(0);
    },
  );
});

describe("what is known to go wrong", () => {
  test("torch 1.13 has Python 3.11 on Linux x86_64 only", () => {
    const cells = KNOWN_PLATFORMS.map((os) => [os, answer(os, "3.11", "1.13.1", "cpu")]);
    expect(cells.filter(([, said]) => said === "possible")).toEqual([["linux-x86_64", "possible"]]);
    expect(answer("linux-x86_64", "3.11", "1.13.1", "11.7")).toBe("possible");
    expect(answer("windows-11", "3.11", "1.13.1", "11.7")).toBe("impossible");
    expect(answer("windows-11", "3.10", "1.13.1", "11.7")).toBe("possible");
  });

  test("torch 2.5 has Python 3.13 on Linux x86_64 only", () => {
    const cells = KNOWN_PLATFORMS.map((os) => [os, answer(os, "3.13", "2.5.1", "cpu")]);
    expect(cells.filter(([, said]) => said === "possible")).toEqual([["linux-x86_64", "possible"]]);
  });

  test("torch 2.0 has no wheel for CUDA 12.1, and the reason names what it has", () => {
    expect(WHEEL.judge(cell({ torch: "2.0.1", cuda: "12.1" }))).toEqual({
      answer: "impossible",
      rule: "torch-wheel",
      reason:
        "torch 2.0.1 has no wheel for CUDA 12.1 on linux-x86_64, only for the CPU, CUDA 11.7, CUDA 11.8, ROCm 5.3 and ROCm 5.4.2",
      source: expect.stringContaining("download.pytorch.org/whl/torch/ index page") as string,
      asOf: "2025-07-09",
    });
  });

  test("Intel Macs end at torch 2.2.2, for releases without a list too", () => {
    const has = KNOWLEDGE.torchReleases.filter(
      ({ version }) => answer("macos-x86_64", "3.10", version, "cpu") === "possible",
    );
    expect(has.at(-1)?.version).toBe("2.2.2");
    const later = KNOWLEDGE.torchReleases.slice(KNOWLEDGE.torchReleases.indexOf(has.at(-1) ?? has[0]!) + 1);
    expect(later.length).toBeGreaterThan(10);
    for (const { version } of later) {
      for (const python of PYTHONS) {
        expect(WHEEL.judge(cell({ os: "macos-13-x86_64", python, torch: version, cuda: "cpu" }))).toMatchObject({
          answer: "impossible",
          reason: expect.stringMatching(/2\.2\.2|not for/) as string,
        });
      }
    }
  });

  test("no macOS ever has CUDA or ROCm, in any release", () => {
    for (const { version } of KNOWLEDGE.torchReleases) {
      for (const os of ["macos-arm64", "macos-14", "macos-x86_64"]) {
        for (const cuda of CUDAS.slice(1)) expect(answer(os, "3.10", version, cuda)).toBe("impossible");
      }
    }
  });

  test("torch 2.12.1 has no free-threaded 3.13, and for 2.12.0 the documents differ", () => {
    expect(answer("linux-x86_64", "3.13t", "2.12.1", "13.0")).toBe("impossible");
    expect(answer("linux-x86_64", "3.14t", "2.12.1", "13.0")).toBe("possible");
    expect(WHEEL.judge(cell({ python: "3.13t", torch: "2.12.0", cuda: "13.0" }))).toMatchObject({
      answer: "unknown",
      reason: expect.stringContaining("test-infra dropped it on 2026-05-11") as string,
    });
  });

  test("torch 2.13 has CPU wheels for Python 3.15 on Linux but not on Windows or macOS; with CUDA nobody says", () => {
    expect(answer("linux-x86_64", "3.15", "2.13.0", "cpu")).toBe("possible");
    expect(answer("windows-x86_64", "3.15", "2.13.0", "cpu")).toBe("impossible");
    expect(answer("macos-arm64", "3.15", "2.13.0", "cpu")).toBe("impossible");
    expect(answer("linux-x86_64", "3.15", "2.13.0", "13.0")).toBe("unknown");
    // That list was recorded from 3.11 on: 3.10 is a matter of what is declared.
    expect(answer("linux-x86_64", "3.10", "2.13.0", "cpu")).toBe("possible");
  });

  test("CUDA wheels without local version on aarch64 are CUDA wheels", () => {
    expect(answer("linux-aarch64", "3.12", "2.5.1", "12.4")).toBe("possible");
    expect(answer("linux-aarch64", "3.12", "2.5.1", "12.1")).toBe("impossible");
    expect(answer("linux-aarch64", "3.12", "2.5.1", "cpu")).toBe("possible");
  });
});

describe("cells of releases without a list", () => {
  test("are possible where the declarations allow a Python that PyTorch has long served", () => {
    expect(WHEEL.judge(cell({ python: "3.12", torch: "2.14.0", cuda: "13.0" }))).toMatchObject({
      answer: "possible",
      reason:
        "torch 2.14.0 is declared to be built for CUDA 13.0 on linux-x86_64 and for CPython 3.12; no list of those wheels was read",
      source: expect.stringContaining("generate_binary_build_matrix.py") as string,
      asOf: "2026-08-18",
    });
  });

  test.for([
    ["linux-x86_64", "3.12", "2.14.0", "12.1", "impossible"],
    ["linux-x86_64", "3.9", "2.14.0", "13.0", "impossible"],
    ["linux-x86_64", "3.14", "2.9.1", "12.8", "unknown"],
    ["linux-x86_64", "3.14", "2.11.0", "12.8", "possible"],
    ["linux-x86_64", "3.12", "2.14.0", "13.4", "unknown"],
    ["windows-11", "3.12", "2.14.0", "13.4", "impossible"],
    ["windows-11", "3.12", "2.14.0", "13.2", "possible"],
    ["linux-x86_64", "3.12", "2.11.0", "12.9", "unknown"],
    ["linux-aarch64", "3.12", "2.14.0", "13.0", "possible"],
    ["linux-aarch64", "3.12", "2.14.0", "cpu", "unknown"],
    ["windows-11", "3.12", "2.14.0", "rocm7.2", "unknown"],
    ["linux-x86_64", "3.12", "2.14.0", "rocm7.2", "possible"],
    ["linux-x86_64", "3.12", "2.14.0", "rocm6.0", "impossible"],
    ["macos-14", "3.12", "2.14.0", "cpu", "possible"],
    ["linux-x86_64", "3.12", "2.15.0", "13.0", "unknown"],
    // PyPI has wheels for it; of which variant no document says.
    ["linux-aarch64", "3.12", "2.8.0", "cpu", "unknown"],
    ["linux-aarch64", "3.12", "2.13.0", "cpu", "possible"],
  ] as const)("%s, CPython %s, torch %s, %s: %s", ([os, python, torch, cuda, expected]) => {
    expect(answer(os, python, torch, cuda)).toBe(expected);
  });

  test("rest on a rule that holds in every release with a list: long-served Pythons have every declared build", () => {
    let checked = 0;
    for (const release of KNOWLEDGE.torchReleases.filter(({ lists }) => lists.index !== null)) {
      const builds = [...release.cuda].flatMap(([platform, cudas]) =>
        ["cpu", ...cudas].map((cuda) => ({ platform, cuda })),
      );
      const rocm = release.rocm.map((version) => ({ platform: "linux-x86_64", cuda: `rocm${version}` }));
      for (const { platform, cuda } of [...builds, ...rocm, { platform: "macos-arm64", cuda: "cpu" }]) {
        for (const python of release.pythons.filter((one) => isSettled(KNOWLEDGE, release, one))) {
          expect([release.version, platform, cuda, python, answer(platform, python, release.version, cuda)]).toEqual([
            release.version,
            platform,
            cuda,
            python,
            "possible",
          ]);
          checked += 1;
        }
      }
    }
    expect(checked).toBeGreaterThan(300);
  });
});

describe("a cell without a cuda axis", () => {
  test("needs any wheel for its Python and platform", () => {
    expect(answer("linux-x86_64", "3.10", "2.1.2")).toBe("possible");
    expect(answer("macos-14", "3.10", "2.1.2")).toBe("possible");
    expect(answer("windows-11", "3.11", "1.13.1")).toBe("impossible");
    expect(answer("linux-aarch64", "3.12", "2.8.0")).toBe("possible");
  });

  test("and without a torch axis is none of this rule's business", () => {
    expect(WHEEL.judge(cell({ cuda: "12.1" }))).toBeNull();
  });
});

describe("names of PyTorch's index", () => {
  test.for([
    ["cpu", "cpu", ""],
    ["cpu.cxx11.abi", "cpu", "cxx11.abi"],
    ["cu117.with.pypi.cudnn", "11.7", "with.pypi.cudnn"],
    ["cu117_with_pypi_cudnn", "11.7", "with_pypi_cudnn"],
    ["cu124@cu124_full", "12.4", "cu124_full"],
    ["cu121@cu121", "12.1", ""],
    ["nolocal", "cpu", ""],
    ["nolocal@cu124", "12.4", ""],
    ["rocm6.2.4", "rocm6.2.4", ""],
    ["xpu", "xpu", ""],
  ] as const)("%s is %s, flavour %j", ([name, variant, flavour]) => {
    expect(parseVariant(name)).toEqual({ variant, flavour });
  });

  test.for(["", "cu", "cuda", "cu12", "gpu", "@cu121"])("%j is none", (name) => {
    expect(parseVariant(name)).toBeNull();
  });

  test("a cell takes the plain wheel, a second build only where there is no other", () => {
    const wheel = (flavour: string) => ({
      variant: "12.1",
      flavour,
      platform: "linux-x86_64",
      tag: "linux_x86_64",
      python: "3.10",
    });
    const one = (flavours: readonly string[]) =>
      indexWheels(flavours.map(wheel)).get("linux-x86_64")?.get("12.1")?.get("3.10")?.flavour;
    expect(one(["with.pypi.cudnn", ""])).toBe("");
    expect(one(["", "with.pypi.cudnn"])).toBe("");
    expect(one(["with.pypi.cudnn"])).toBe("with.pypi.cudnn");
  });

  test.for([
    ["linux_x86_64", "linux-x86_64"],
    ["manylinux1_x86_64", "linux-x86_64"],
    ["manylinux_2_17_aarch64.manylinux2014_aarch64", "linux-aarch64"],
    ["manylinux_2_28_x86_64", "linux-x86_64"],
    ["linux_s390x", "linux-s390x"],
    ["macosx_11_0_arm64", "macos-arm64"],
    ["macosx_10_9_x86_64", "macos-x86_64"],
    ["win_amd64", "windows-x86_64"],
    ["any", null],
  ] as const)("the platform of %s is %s", ([tag, platform]) => {
    expect(platformOfTag(tag)).toBe(platform);
  });
});
