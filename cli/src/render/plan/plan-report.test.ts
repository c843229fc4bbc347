import type { Plan } from "@kiln/matrix";
import { expect, test } from "vitest";
import { resnetPlan, samplePlan } from "../../testing/plans.ts";
import { screenText } from "../../testing/screen-text.ts";
import type { Outlook, TupleCounts } from "../../planning/outlook.ts";
import { ASCII_SYMBOLS, UNICODE_SYMBOLS as SYMBOLS } from "../symbols.ts";
import { renderPlan, type PlanReport } from "./plan-report.ts";

const NO_FARM: Outlook = {
  time: { kind: "unknown", why: "no farm is running that could say" },
  prospects: { kind: "unknown", why: "no farm is running that could say" },
};
const TUPLES: TupleCounts = { strength: 2, covered: 10, possible: 10, impossible: 0 };

function report(plan: Plan, changes: Partial<PlanReport> = {}): PlanReport {
  return {
    plan,
    pythonsFrom: "this machine (no farm is running)",
    tuples: TUPLES,
    outlook: NO_FARM,
    gates: [],
    ...changes,
  };
}

test("hundreds of cells read well at 80 columns: axes across, equal systems together, reasons by axis values", () => {
  expect(screenText(renderPlan(report(resnetPlan()), 80, SYMBOLS), 80)).toMatchInlineSnapshot(`
    "
    resnet-bk 1.2.0
    Minor release, full matrix
    Pythons: this machine (no farm is running)
    Compatibility data of 2026-09-02
    Resolved: torch 2.0 = 2.0.1, 2.1 = 2.1.2, 2.2 = 2.2.2

                  cpu                   CUDA 11.8             CUDA 12.1
    python        3.8  3.9  3.10 3.11   3.8  3.9  3.10 3.11   3.8  3.9  3.10 3.11
    ubuntu-20.04
      torch 2.0.1 ★    ✓    ✓    ✓      ✓    ✓    ✓    ✓      –    –    –    –
      torch 2.1.2 ✓    ✓    ✓    ✓      ✓    ✓    ✓    ✓      ✓    ✓    ✓    ✓
      torch 2.2.2 ✓    ✓    ✓    ✓      ✓    ✓    ✓    ✓      ✓    ✓    ✓    ✓
    ubuntu-22.04, windows-10
      torch 2.0.1 ✓    ✓    ✓    ✓      ✓    ✓    ✓    ✓      –    –    –    –
      torch 2.1.2 ✓    ✓    ✓    ✓      ✓    ✓    ✓    ✓      ✓    ✓    ✓    ✓
      torch 2.2.2 ✓    ✓    ✓    ✓      ✓    ✓    ✓    ✓      ✓    ✓    ✓    ✓
    macos-13-x86_64, macos-14
      torch 2.0.1 ✓    ✓    ✓    ✓      –    –    –    –      –    –    –    –
      torch 2.1.2 ✓    ✓    ✓    ✓      –    –    –    –      –    –    –    –
      torch 2.2.2 ✓    ✓    ✓    ✓      –    –    –    –      –    –    –    –
    windows-11
      torch 2.0.1 ✓    ✓    ✓    ✓      ✓    ✓    ✓    ✓      –    –    –    –
      torch 2.1.2 ✓    ✓    ✓    ✓      ✓    ✓    ✓    ✓      ✓    ✓    ✓    ✓
      torch 2.2.2 ✓    ✓    ✓    ✓      ✓    ✓    ✓    ✓      ✓    ✓    ✓    ★

    ✓ 150 planned   ★ 2 planned, first (touchstone)   – 64 excluded

    Excluded: 64 cells
      cuda-platform (48 cells)
        CUDA does not exist for macOS: NVIDIA makes no toolkit for it from CUDA 11.0
        on
          CUDA 11.8, 12.1 × macos-13-x86_64, macos-14 (48 cells)
        source: CUDA toolkit release notes, 2026-08-20
      torch-wheel (16 cells)
        PyTorch 2.0.1 has no wheel for CUDA 12.1
          torch 2.0.1 × CUDA 12.1 (16 cells)
        source: matrix/data/pytorch-releases.json: PyTorch's index of wheels,
        2026-08-22

    152 cells, 304 jobs: 152 builds, 152 tests.
    Expected time and agents: not known, no farm is running that could say.
    "
  `);
});

test("at 200 columns the same", () => {
  expect(screenText(renderPlan(report(resnetPlan()), 200, SYMBOLS), 200)).toMatchInlineSnapshot(`
    "
    resnet-bk 1.2.0
    Minor release, full matrix
    Pythons: this machine (no farm is running)
    Compatibility data of 2026-09-02
    Resolved: torch 2.0 = 2.0.1, 2.1 = 2.1.2, 2.2 = 2.2.2

                   cpu                       CUDA 11.8                 CUDA 12.1
    python         3.8   3.9   3.10  3.11    3.8   3.9   3.10  3.11    3.8   3.9   3.10  3.11
    ubuntu-20.04
      torch 2.0.1  ★     ✓     ✓     ✓       ✓     ✓     ✓     ✓       –     –     –     –
      torch 2.1.2  ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
      torch 2.2.2  ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
    ubuntu-22.04, windows-10
      torch 2.0.1  ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓       –     –     –     –
      torch 2.1.2  ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
      torch 2.2.2  ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
    macos-13-x86_64, macos-14
      torch 2.0.1  ✓     ✓     ✓     ✓       –     –     –     –       –     –     –     –
      torch 2.1.2  ✓     ✓     ✓     ✓       –     –     –     –       –     –     –     –
      torch 2.2.2  ✓     ✓     ✓     ✓       –     –     –     –       –     –     –     –
    windows-11
      torch 2.0.1  ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓       –     –     –     –
      torch 2.1.2  ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
      torch 2.2.2  ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓       ✓     ✓     ✓     ★

    ✓ 150 planned   ★ 2 planned, first (touchstone)   – 64 excluded

    Excluded: 64 cells
      cuda-platform (48 cells)
        CUDA does not exist for macOS: NVIDIA makes no toolkit for it from CUDA 11.0 on
          CUDA 11.8, 12.1 × macos-13-x86_64, macos-14 (48 cells)
        source: CUDA toolkit release notes, 2026-08-20
      torch-wheel (16 cells)
        PyTorch 2.0.1 has no wheel for CUDA 12.1
          torch 2.0.1 × CUDA 12.1 (16 cells)
        source: matrix/data/pytorch-releases.json: PyTorch's index of wheels, 2026-08-22

    152 cells, 304 jobs: 152 builds, 152 tests.
    Expected time and agents: not known, no farm is running that could say.
    "
  `);
});

test("at 40 columns and without Unicode nothing is wider than the terminal", () => {
  const lines = renderPlan(report(resnetPlan()), 40, ASCII_SYMBOLS);
  // eslint-disable-next-line no-control-regex
  expect(screenText(lines, 40)).toMatch(/^[\x00-\x7f]*$/);
});

test("a small matrix has its Pythons across and its platforms down", () => {
  const axes = { python: ["3.8", "3.9", "3.13t"], os: ["linux-x86_64", "macos-arm64"] };
  const requires = { rule: "requires-python", reason: "a requires Python >=3.9", source: "PKG-INFO", asOf: "" };
  const plan = samplePlan({
    axes,
    excluded: ({ python }) => (python === "3.8" ? requires : null),
    changes: { candidate: { name: "a", version: null } },
  });
  expect(screenText(renderPlan(report(plan), 80, SYMBOLS), 80)).toMatchInlineSnapshot(`
    "
    a (version not known before the build)
    Minor release, full matrix
    Pythons: this machine (no farm is running)
    Compatibility data of 2026-09-02

    python        3.8    3.9    3.13t
    linux-x86_64  –      ✓      ✓
    macos-arm64   –      ✓      ✓

    ✓ 4 planned   – 2 excluded

    Excluded: 2 cells
      requires-python (2 cells)
        a requires Python >=3.9
          cp38-linux-x86_64, cp38-macos-arm64
        source: PKG-INFO

    4 cells, 8 jobs: 4 builds, 4 tests.
    Expected time and agents: not known, no farm is running that could say.
    "
  `);
});

test("unknown and overridden cells are marked, and told with their reasons", () => {
  const axes = { python: ["3.11", "3.12"], torch: ["2.1.2", "2.2.2"], os: ["linux-x86_64"] };
  const reason = {
    rule: "torch-wheel",
    reason: "no list says so",
    source: "pytorch-releases.json",
    asOf: "2026-08-22",
  };
  const plan = samplePlan({
    axes,
    unknown: ({ python, torch }) => (python === "3.12" && torch === "2.2.2" ? reason : null),
    overridden: ({ python, torch }) =>
      python === "3.12" && torch === "2.1.2" ? { ...reason, override: "we build torch \u001b[31mourselves" } : null,
  });
  expect(screenText(renderPlan(report(plan), 80, SYMBOLS), 80)).toMatchInlineSnapshot(`
    "
    resnet-bk 1.2.0
    Minor release, full matrix
    Pythons: this machine (no farm is running)
    Compatibility data of 2026-09-02

    Every cell: linux-x86_64.

    python       3.11  3.12
    torch 2.1.2  ✓     !
    torch 2.2.2  ✓     ?

    ✓ 2 planned   ! 1 planned by an override   ? 1 planned, not known to be possible

    Not known to be possible: 1 cell
      torch-wheel (1 cell)
        no list says so
          cp312-torch2.2.2-linux-x86_64
        source: pytorch-releases.json, 2026-08-22

    Planned by an override: 1 cell
      torch-wheel (1 cell)
        no list says so
        override: we build torch ourselves
          cp312-torch2.1.2-linux-x86_64
        source: pytorch-releases.json, 2026-08-22

    4 cells, 8 jobs: 4 builds, 4 tests.
    Expected time and agents: not known, no farm is running that could say.
    "
  `);
});

test("a reduction says how many cells stand for how many, and that every pair is covered", () => {
  const plan = samplePlan({
    axes: { python: ["3.11", "3.12"], torch: ["2.1.2", "2.2.2"], os: ["linux-x86_64", "macos-arm64"] },
    reduced: ({ python, torch, os }) =>
      ((python === "3.11") === (torch === "2.1.2")) === (os === "linux-x86_64") ? null : "x",
    changes: { reduction: { kind: "t-wise", strength: 2 }, release: "patch" },
  });
  const text = screenText(
    renderPlan(report(plan, { tuples: { strength: 2, covered: 12, possible: 12, impossible: 3 } }), 80, SYMBOLS),
    80,
  );
  expect(text).toMatchInlineSnapshot(`
    "
    resnet-bk 1.2.0
    Patch release, pairwise
    Pythons: this machine (no farm is running)
    Compatibility data of 2026-09-02

    python         3.11  3.12
    linux-x86_64
      torch 2.1.2  ✓     ○
      torch 2.2.2  ○     ✓
    macos-arm64
      torch 2.1.2  ○     ✓
      torch 2.2.2  ✓     ○

    ✓ 4 planned   ○ 4 left out by the reduction

    Reduction: pairwise, 4 of 8 possible cells. All 12 possible pairs of axis values
    are covered; 3 more are impossible.
    4 cells, 8 jobs: 4 builds, 4 tests.
    Expected time and agents: not known, no farm is running that could say.
    "
  `);
});

test("the farm says how long it takes, and which cells no agent can run and why", () => {
  const plan = samplePlan({ axes: { python: ["3.11", "3.12"], gpu: ["none", "9.0"], os: ["linux-x86_64"] } });
  const [first, second, ...rest] = plan.cells.map((cell) => cell.name);
  const outlook: Outlook = {
    time: { kind: "known", slots: 4, expectedMs: 754_000, criticalPathMs: 90_000, totalMs: 3_000_000 },
    prospects: {
      kind: "known",
      agents: 2,
      groups: [
        { prospect: "never", missing: ["compute capability 9.0", "driver ≥ 525"], agents: [], cells: [second ?? ""] },
        { prospect: "when-free", missing: [], agents: ["gpu1"], cells: rest },
        { prospect: "now", missing: [], agents: [], cells: [first ?? ""] },
      ],
    },
  };
  const lines = renderPlan(report(plan, { outlook }), 80, SYMBOLS);
  expect(screenText(lines.slice(-11), 80)).toMatchInlineSnapshot(`
    "

    4 cells, 8 jobs: 4 builds, 4 tests.
    Expected time: about 12:34 with 4 jobs at a time, at least 1:30 with any number,
    once there are agents for the 1 cell that none can run.
    Agents:
      1 cell needs compute capability 9.0 and driver ≥ 525: no agent
        Python 3.11 × sm_90
      2 cells can run when one of these is free: gpu1
        Python 3.12
      1 cell can run now
        Python 3.11 × no GPU
    "
  `);
});

test("where agents lack many things, each is told once with the number of cells", () => {
  const plan = samplePlan({ axes: { python: ["3.8", "3.9", "3.10", "3.11", "3.12"], os: ["linux-x86_64"] } });
  const groups = plan.cells.map(({ name, axes }) => ({
    prospect: "never" as const,
    missing: [`CPython ${axes.python} on linux-x86_64`, "support for installing PyTorch"],
    agents: [],
    cells: [name],
  }));
  const outlook = { ...NO_FARM, prospects: { kind: "known", agents: 1, groups } } as const;
  const lines = renderPlan(report(plan, { outlook }), 80, SYMBOLS);
  expect(screenText(lines.slice(-6), 80)).toMatchInlineSnapshot(`
    "
    Agents:
      5 cells: no agent has all that they need
        missing: support for installing PyTorch (5 cells), CPython 3.8 on
        linux-x86_64 (1 cell), CPython 3.9 on linux-x86_64 (1 cell), CPython 3.10 on
        linux-x86_64 (1 cell), CPython 3.11 on linux-x86_64 (1 cell), CPython 3.12
        on linux-x86_64 (1 cell)
    "
  `);
  const none = renderPlan(
    report(plan, { outlook: { ...NO_FARM, prospects: { ...outlook.prospects, agents: 0 } } }),
    80,
    SYMBOLS,
  );
  expect(screenText(none.slice(-1), 80)).toContain("Agents: none is registered, so that nothing would run.");
});

test("axes that make no difference are folded, others into counts, so that the grid stays readable", () => {
  const axes = {
    python: ["3.9", "3.10", "3.11", "3.12"],
    torch: ["2.1.2", "2.2.2", "2.3.1"],
    cuda: ["cpu", "11.8", "12.1"],
    os: ["ubuntu-20.04", "ubuntu-22.04", "debian-12", "rhel-8"],
    gpu: ["none", "8.0", "9.0"],
    driver: ["525", "535"],
    backend: ["eager", "compiled"],
  };
  const none = { rule: "gpu-cuda", reason: "cells with CUDA need a GPU", source: "kiln.yaml:9", asOf: "" };
  const plan = samplePlan({
    axes,
    excluded: ({ gpu, cuda, os, driver }: Record<string, string>) =>
      (gpu === "none" && cuda !== "cpu" && os !== "rhel-8") ||
      (os === "debian-12" && driver === "525" && cuda === "cpu")
        ? none
        : null,
  });
  const lines = renderPlan(report(plan), 80, SYMBOLS);
  expect(lines.length).toBeLessThan(90);
  expect(screenText(lines, 80)).toMatchInlineSnapshot(`
    "
    resnet-bk 1.2.0
    Minor release, full matrix
    Pythons: this machine (no farm is running)
    Compatibility data of 2026-09-02

    Each mark stands for 6 cells alike: backend=eager, compiled; torch 2.1.2, 2.2.2,
    2.3.1.

                         driver 525                driver 535
    python               3.9   3.10  3.11  3.12    3.9   3.10  3.11  3.12
    ubuntu-20.04, ubuntu-22.04
      cpu        no GPU  ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
                 sm_80   ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
                 sm_90   ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
      CUDA 11.8  no GPU  –     –     –     –       –     –     –     –
                 sm_80   ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
                 sm_90   ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
      CUDA 12.1  no GPU  –     –     –     –       –     –     –     –
                 sm_80   ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
                 sm_90   ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
    debian-12
      cpu        no GPU  –     –     –     –       ✓     ✓     ✓     ✓
                 sm_80   –     –     –     –       ✓     ✓     ✓     ✓
                 sm_90   –     –     –     –       ✓     ✓     ✓     ✓
      CUDA 11.8  no GPU  –     –     –     –       –     –     –     –
                 sm_80   ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
                 sm_90   ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
      CUDA 12.1  no GPU  –     –     –     –       –     –     –     –
                 sm_80   ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
                 sm_90   ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
    rhel-8
      cpu        no GPU  ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
                 sm_80   ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
                 sm_90   ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
      CUDA 11.8  no GPU  ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
                 sm_80   ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
                 sm_90   ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
      CUDA 12.1  no GPU  ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
                 sm_80   ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓
                 sm_90   ✓     ✓     ✓     ✓       ✓     ✓     ✓     ✓

    ✓ 1368 planned   – 360 excluded

    Excluded: 360 cells
      gpu-cuda (360 cells)
        cells with CUDA need a GPU
          cpu × debian-12 × driver 525; CUDA 11.8, 12.1 × ubuntu-20.04,
          ubuntu-22.04, debian-12 × no GPU (360 cells)
        source: kiln.yaml:9

    1368 cells, 2736 jobs: 1368 builds, 1368 tests.
    Expected time and agents: not known, no farm is running that could say.
    "
  `);
});
