import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Cell } from "../plan/plan.ts";
import type { CoverageFinding, CoverageReport, Installer } from "./coverage-report.ts";
import { wheelCoverage } from "./wheel-coverage.ts";

function cell(os: string, python: string, more: Record<string, string> = {}): Cell {
  return { name: [python, ...Object.values(more), os].join("-"), axes: { os, python, ...more } };
}

const UBUNTU = cell("ubuntu-22.04", "3.12");

function taken(files: readonly string[], at: Cell = UBUNTU, installer: Installer = "pip"): string | null {
  const pick = wheelCoverage(files, [at]).cells[0]!.picks[installer];
  return pick.kind === "none" ? null : pick.file;
}

function kinds(report: CoverageReport): readonly string[] {
  return report.findings.map(({ kind }) => kind);
}

function ofKind<K extends CoverageFinding["kind"]>(
  report: CoverageReport,
  kind: K,
): Extract<CoverageFinding, { kind: K }>[] {
  return report.findings.filter((finding): finding is Extract<CoverageFinding, { kind: K }> => finding.kind === kind);
}

/** What pip 26.3 and uv 0.13 took when these files lay in one folder. */
describe("an installer takes", () => {
  test.for([
    ["the newest version", ["demo-1.0-py3-none-any.whl", "demo-1.10-py3-none-any.whl", "demo-1.9-py3-none-any.whl"], 1],
    [
      "the newest local version",
      ["demo-1.0-py3-none-any.whl", "demo-1.0+cu118-py3-none-any.whl", "demo-1.0+cu121-py3-none-any.whl"],
      2,
    ],
    ["a numeric local version before a hash", ["demo-1.0+1e5-py3-none-any.whl", "demo-1.0+2-py3-none-any.whl"], 1],
    [
      "the best tag of a version",
      ["demo-1.0-cp38-abi3-manylinux_2_17_x86_64.whl", "demo-1.0-cp312-cp312-manylinux_2_17_x86_64.whl"],
      1,
    ],
    [
      "the newest manylinux that the system has",
      [
        "demo-1.0-cp312-cp312-manylinux_2_17_x86_64.whl",
        "demo-1.0-cp312-cp312-manylinux_2_28_x86_64.whl",
        "demo-1.0-cp312-cp312-manylinux_2_36_x86_64.whl",
      ],
      1,
    ],
    [
      "the highest build number",
      ["demo-1.0-10-py3-none-any.whl", "demo-1.0-9-py3-none-any.whl", "demo-1.0-py3-none-any.whl"],
      0,
    ],
    [
      "a better tag before a higher build number",
      ["demo-1.0-9-py3-none-any.whl", "demo-1.0-cp312-cp312-linux_x86_64.whl"],
      1,
    ],
    ["a wheel before the source of its version", ["demo-1.0.tar.gz", "demo-1.0-py3-none-any.whl"], 1],
    ["the source of a newer version before an older wheel", ["demo-1.0-py3-none-any.whl", "demo-1.1.tar.gz"], 1],
    ["a release before a newer pre-release", ["demo-1.0-py3-none-any.whl", "demo-2.0rc1-py3-none-any.whl"], 0],
    [
      "the source of a release before the wheel of a pre-release",
      ["demo-1.0.tar.gz", "demo-2.0rc1-py3-none-any.whl"],
      0,
    ],
    [
      "a pre-release where no release fits",
      ["demo-1.0-cp311-cp311-linux_x86_64.whl", "demo-2.0rc1-py3-none-any.whl"],
      1,
    ],
    [
      "a local version that fits before one that does not",
      ["demo-1.0+cu118-cp312-cp312-linux_x86_64.whl", "demo-1.0+cu121-cp311-cp311-linux_x86_64.whl", "demo-1.0.tar.gz"],
      0,
    ],
    ["by version, not by spelling", ["demo-1.0.0-py3-none-any.whl", "demo-1.0-cp312-cp312-linux_x86_64.whl"], 1],
  ] as const)("%s", ([, files, expected]) => {
    expect(taken(files)).toBe(files[expected]);
    expect(taken(files.toReversed(), UBUNTU, "uv")).toBe(files[expected]);
  });

  test("pre-releases as releases when they are asked for", () => {
    const files = ["demo-1.0-py3-none-any.whl", "demo-2.0rc1-py3-none-any.whl", "demo-0.9b1.tar.gz"];
    expect(wheelCoverage(files, [UBUNTU], { prereleases: true }).cells[0]?.picks.pip).toMatchObject({
      version: "2.0rc1",
    });
  });

  test("the tag by which a wheel was taken is said", () => {
    const report = wheelCoverage(["demo-1.0-py2.py3-none-any.whl"], [UBUNTU]);
    expect(report.cells[0]?.picks.uv).toMatchObject({ kind: "wheel", tag: "py3-none-any" });
  });
});

describe("pip and uv differ", () => {
  const files = ["demo-1.0-cp312-cp312-linux_x86_64.whl", "demo-1.0-cp312-cp312-manylinux_2_28_x86_64.whl"];

  test("over a linux_x86_64 wheel beside a manylinux one: pip 26.3 takes the first, uv the second", () => {
    const report = wheelCoverage(files, [UBUNTU]);
    expect(report.cells[0]?.picks).toMatchObject({ pip: { file: files[0] }, uv: { file: files[1] } });
    expect(ofKind(report, "installers-differ")[0]?.message).toBe(`pip takes ${files[0]}, uv ${files[1]}.`);
  });

  test("not on Pythons whose newest pip is older than that", () => {
    const old = files.map((file) => file.replaceAll("cp312", "cp39"));
    expect(taken(old, cell("ubuntu-22.04", "3.9"))).toBe(old[1]);
  });
});

describe("findings", () => {
  const wheel = (local: string, python = "cp312", platform = "manylinux_2_28_x86_64"): string =>
    `demo-1.0${local}-${python}-${python}-${platform}.whl`;

  test("with two CUDA variants on one index every cell gets the newer one", () => {
    const cells = ["cpu", "11.8", "12.1"].map((cuda) => cell("ubuntu-22.04", "3.12", { cuda }));
    const report = wheelCoverage([wheel("+cu118"), wheel("+cu121")], cells);
    for (const { picks } of report.cells) expect(picks.pip).toMatchObject({ version: "1.0+cu121" });
    expect(
      ofKind(report, "wrong-cuda").map(({ cell, installers, named, wanted }) => [cell, installers, named, wanted]),
    ).toEqual([
      ["3.12-cpu-ubuntu-22.04", ["pip", "uv"], "12.1", "cpu"],
      ["3.12-11.8-ubuntu-22.04", ["pip", "uv"], "12.1", "11.8"],
    ]);
    expect(ofKind(report, "unreachable-file").map(({ file, instead }) => [file, instead])).toEqual([
      [wheel("+cu118"), wheel("+cu121")],
    ]);
  });

  test("one index for each CUDA variant has no findings", () => {
    for (const [local, cuda] of [
      ["+cu118", "11.8"],
      ["+cu121", "12.1"],
      ["+cpu", "cpu"],
      ["+rocm6.0", "rocm6.0"],
    ] as const) {
      expect(wheelCoverage([wheel(local)], [cell("ubuntu-22.04", "3.12", { cuda })]).findings).toEqual([]);
    }
  });

  test("a wheel for another torch is one too", () => {
    const cells = ["2.1.2", "2.2.0"].map((torch) => cell("ubuntu-22.04", "3.12", { torch, cuda: "12.1" }));
    const report = wheelCoverage([wheel("+cu121torch2.1"), wheel("+cu121torch2.2")], cells);
    expect(ofKind(report, "wrong-torch").map(({ cell, named, wanted }) => [cell, named, wanted])).toEqual([
      ["3.12-2.1.2-12.1-ubuntu-22.04", "2.2", "2.1.2"],
    ]);
  });

  test("a wheel that says nothing of CUDA is wrong nowhere, and cells without CUDA are never wrong", () => {
    expect(kinds(wheelCoverage([wheel("")], [cell("ubuntu-22.04", "3.12", { cuda: "12.1" })]))).toEqual([]);
    expect(kinds(wheelCoverage([wheel("+cu121")], [UBUNTU]))).toEqual([]);
  });

  test("a hole says what the nearest wheels are for", () => {
    const files = [wheel(""), wheel("", "cp311", "win_amd64")];
    const report = wheelCoverage(files, [cell("debian-11", "3.11"), cell("ubuntu-18.04", "3.12")]);
    expect(ofKind(report, "hole").map(({ message }) => message)).toEqual([
      "Nothing can be installed: no wheel fits CPython 3.11 on Linux x86_64 with glibc 2.31: wheels for this Python are for win_amd64; wheels for this system are for cp312-cp312.",
      "Nothing can be installed: no wheel fits CPython 3.12 on Linux x86_64 with glibc 2.27: wheels for this Python are for manylinux_2_28_x86_64; no wheel is for this system.",
    ]);
  });

  test("a free-threaded cell is a hole for an abi3 wheel", () => {
    const abi3 = ["demo-1.0-cp39-abi3-manylinux_2_28_x86_64.whl"];
    expect(kinds(wheelCoverage(abi3, [UBUNTU]))).toEqual([]);
    expect(kinds(wheelCoverage(abi3, [cell("ubuntu-22.04", "3.13t")]))).toEqual(["hole", "unreachable-file"]);
  });

  test("a cell that has to build the source is source-only", () => {
    const report = wheelCoverage(["demo-1.0.tar.gz", wheel("")], [UBUNTU, cell("windows-11", "3.12")]);
    expect(ofKind(report, "source-only").map(({ cell, file }) => [cell, file])).toEqual([
      ["3.12-windows-11", "demo-1.0.tar.gz"],
    ]);
    expect(report.findings).toHaveLength(1);
  });

  test("an older release that is taken for want of a newer wheel is told", () => {
    const files = [wheel("").replace("1.0", "1.1"), wheel(""), wheel("", "cp311")];
    const report = wheelCoverage(files, [UBUNTU, cell("ubuntu-22.04", "3.11")]);
    expect(ofKind(report, "older-release").map(({ cell, file, newest }) => [cell, file, newest])).toEqual([
      ["3.11-ubuntu-22.04", wheel("", "cp311"), "1.1"],
    ]);
    // The older wheel for 3.12 is there for those who pin it.
    expect(report.findings).toHaveLength(1);
  });

  test("a cell of which Kiln does not know what it takes is told, and is no hole", () => {
    const report = wheelCoverage([wheel("")], [UBUNTU, cell("plan9", "3.12")]);
    expect(kinds(report)).toEqual(["unknown-cell"]);
    expect(report.cells[1]?.environment).toBeNull();
  });

  test("names that installers pass over are refused with the reason, and files of other projects", () => {
    const report = wheelCoverage([wheel(""), "demo-1.0-py3-any.whl", "demo-1.0.exe", "other-1.0.tar.gz"], [UBUNTU]);
    expect(report.refused.map(({ file }) => file)).toEqual([
      "demo-1.0-py3-any.whl",
      "demo-1.0.exe",
      "other-1.0.tar.gz",
    ]);
    expect(report.refused.map(({ problem }) => problem)).toEqual([
      expect.stringContaining("has 4 parts between hyphens"),
      "is neither a wheel (.whl) nor a source distribution (.tar.gz)",
      "is of other, not of demo",
    ]);
    expect(wheelCoverage([wheel("")], [UBUNTU], { project: "Other" }).refused).toHaveLength(1);
  });

  test("without any file every cell is a hole", () => {
    const report = wheelCoverage([], [UBUNTU]);
    expect(ofKind(report, "hole")[0]?.message).toBe(
      "Nothing can be installed: there is no wheel at all for CPython 3.12 on Linux x86_64 with glibc 2.35.",
    );
  });
});

const CELLS = [
  ...["3.9", "3.12", "3.13t"].flatMap((python) =>
    ["ubuntu-22.04", "rhel-8", "alpine-3.20", "macos-14", "windows-11"].map((os) => cell(os, python, { cuda: "12.1" })),
  ),
];
const file = fc
  .record({
    version: fc.constantFrom("1.0", "1.0+cu118", "1.0+cu121", "1.1rc1", "0.9", "1.0.post1"),
    build: fc.constantFrom("", "-1", "-2a"),
    tag: fc.constantFrom("cp312-cp312", "cp39-cp39", "cp38-abi3", "cp313-cp313t", "py3-none", "py2.py3-none"),
    platform: fc.constantFrom(
      "any",
      "linux_x86_64",
      "manylinux_2_28_x86_64",
      "musllinux_1_2_x86_64",
      "win_amd64",
      "macosx_11_0_arm64",
      "manylinux_2_17_x86_64.manylinux2014_x86_64",
    ),
    source: fc.nat(9).map((of) => of === 0),
  })
  .map(({ version, build, tag, platform, source }) =>
    source ? `demo-${version}.tar.gz` : `demo-${version}${build}-${tag}-${platform}.whl`,
  );
const files = fc.array(file, { maxLength: 8 });

describe("properties", () => {
  test("adding a file never makes a hole", () => {
    fc.assert(
      fc.property(files, file, (files, added) => {
        const holes = (report: CoverageReport): string[] => ofKind(report, "hole").map(({ cell }) => cell);
        const before = holes(wheelCoverage(files, CELLS));
        for (const hole of holes(wheelCoverage([...files, added], CELLS))) expect(before).toContain(hole);
      }),
    );
  });

  test("the report is independent of the order of the files and of repetitions", () => {
    fc.assert(
      fc.property(files, (files) => {
        expect(wheelCoverage([...files.toReversed(), ...files], CELLS)).toEqual(wheelCoverage(files, CELLS));
      }),
    );
  });

  test("without source distributions what is taken has a tag that the cell supports, or there is a hole", () => {
    fc.assert(
      fc.property(files, (files) => {
        const report = wheelCoverage(
          files.filter((file) => file.endsWith(".whl")),
          CELLS,
        );
        for (const { cell, picks } of report.cells) {
          const holes = ofKind(report, "hole").filter((hole) => hole.cell === cell);
          expect(holes).toHaveLength(picks.pip.kind === "none" ? 1 : 0);
        }
      }),
    );
  });

  test("a wheel is taken by a cell, or superseded, or said to be unreachable", () => {
    fc.assert(
      fc.property(files, (files) => {
        const report = wheelCoverage(files, CELLS);
        const picked = new Set(
          report.cells.flatMap(({ picks }) =>
            [picks.pip, picks.uv].map((pick) => (pick.kind === "none" ? "" : pick.file)),
          ),
        );
        for (const { file } of ofKind(report, "unreachable-file")) expect(picked.has(file)).toBe(false);
        const unreachable = ofKind(report, "unreachable-file").map(({ file }) => file);
        const newest = files.filter((file) => file.endsWith(".whl") && file.startsWith("demo-1.0.post1"));
        for (const wheel of newest) expect(picked.has(wheel) || unreachable.includes(wheel)).toBe(true);
      }),
    );
  });
});

test("1,000 files in 1,000 cells take well under a second", () => {
  const pythons = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.13t", "3.14", "3.14t", "3.15"];
  const systems = [
    "ubuntu-20.04",
    "ubuntu-22.04",
    "debian-12",
    "rhel-8",
    "rhel-9",
    "ubuntu-22.04-aarch64",
    "alpine-3.20",
    "macos-14",
    "macos-13-x86_64",
    "windows-11",
  ];
  const cudas = Array.from({ length: 10 }, (_, minor) => `12.${minor}`);
  const cells = pythons.flatMap((python) => systems.flatMap((os) => cudas.map((cuda) => cell(os, python, { cuda }))));
  const platforms = [
    "manylinux_2_17_x86_64.manylinux2014_x86_64",
    "manylinux_2_28_aarch64",
    "macosx_11_0_arm64",
    "win_amd64",
    "musllinux_1_2_x86_64",
  ];
  const wheels = pythons.flatMap((python) => {
    const abi = python.replace("3.", "cp3");
    const tag = `${abi.replace("t", "")}-${abi}`;
    return cudas.flatMap((cuda) =>
      ["1.0", "1.1"].flatMap((version) =>
        platforms.map((platform) => `demo-${version}+cu${cuda.replace(".", "")}-${tag}-${platform}.whl`),
      ),
    );
  });
  expect([wheels.length, cells.length]).toEqual([1000, 1000]);
  wheelCoverage(wheels, cells);
  const start = performance.now();
  const report = wheelCoverage(wheels, cells);
  const tookMs = performance.now() - start;
  expect(report.cells).toHaveLength(1000);
  expect(tookMs).toBeLessThan(1000);
});
