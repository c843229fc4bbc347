import type { CellExplanation } from "@kiln/matrix";
import { expect, test } from "vitest";
import { resnetPlan, samplePlan } from "../../testing/plans.ts";
import { screenText } from "../../testing/screen-text.ts";
import { UNICODE_SYMBOLS as SYMBOLS } from "../symbols.ts";
import { renderExplanation, sentences } from "./explanation.ts";
import { planGraph } from "./graph.ts";
import { planMarkdown } from "./markdown.ts";
import { renderTuples } from "./pairs.ts";

const TUPLES = { strength: 2, covered: 10, possible: 10, impossible: 0 };

test("a plan as Markdown has tables of cells, reasons and jobs, and what others wrote stays text", () => {
  const plan = samplePlan({
    axes: { python: ["3.8", "3.12"], torch: ["2.1.2"], os: ["linux-x86_64", "windows-11"] },
    excluded: ({ python }) =>
      python === "3.8"
        ? { rule: "exclude", reason: "old | <b>@all</b>", source: "kiln.yaml:4", asOf: "2026-08-22" }
        : null,
  });
  expect(planMarkdown({ plan, tuples: TUPLES })).toMatchInlineSnapshot(`
    "# resnet-bk 1.2.0: test matrix

    Minor release, full matrix. 2 cells, 4 jobs: 2 builds, 2 tests. Compatibility data of 2026-09-02.

    ## Matrix

    Every cell: torch 2.1.2.

    | os | 3.8 | 3.12 |
    |---|---|---|
    | linux-x86\\_64 | – | ✓ |
    | windows-11 | – | ✓ |

    ✓ planned (2) · – excluded (2)

    ## Excluded: 2 cells

    | cells | rule | reason | source |
    |---|---|---|---|
    | cp38-torch2.1.2-linux-x86\\_64, cp38-torch2.1.2-windows-11 | exclude | old \\| \\<b\\>@​all\\</b\\> | kiln.yaml:4, 2026-08-22 |

    ## Jobs

    | kind | jobs | before folding |
    |---|---|---|
    | build | 2 | 2 |
    | test | 2 | 2 |
    "
  `);
});

test("Markdown of many cells has a row for all axes but Python", () => {
  const text = planMarkdown({ plan: resnetPlan(), tuples: TUPLES });
  expect(text.split("\n").find((line) => line.startsWith("| macos-14 | torch 2.1.2 | cpu"))).toBe(
    "| macos-14 | torch 2.1.2 | cpu | ✓ | ✓ | ✓ | ✓ |",
  );
  expect(text).toContain("torch 2.0.1 × CUDA 12.1 (16 cells)");
});

test("the graph of few jobs has a node for each, in both languages", () => {
  const plan = samplePlan({ axes: { python: ["3.11", "3.12"], os: ["linux-x86_64"] } });
  expect(planGraph(plan, "dot")).toMatchInlineSnapshot(`
    "digraph "resnet-bk 1.2.0" {
      rankdir=LR;
      node [shape=box];
      j0 [label="build-cp311-linux-x86_64"];
      j1 [label="test-cp311-linux-x86_64"];
      j2 [label="build-cp312-linux-x86_64"];
      j3 [label="test-cp312-linux-x86_64"];
      j0 -> j1;
      j2 -> j3;
    }
    "
  `);
  expect(planGraph(plan, "mermaid")).toMatchInlineSnapshot(`
    "%% resnet-bk 1.2.0
    flowchart LR
      j0["build-cp311-linux-x86_64"]
      j1["test-cp311-linux-x86_64"]
      j2["build-cp312-linux-x86_64"]
      j3["test-cp312-linux-x86_64"]
      j0 --> j1
      j2 --> j3
    "
  `);
});

test("the graph of hundreds of jobs has a node for all that are alike", () => {
  const text = planGraph(resnetPlan(), "mermaid");
  expect(text).toMatchInlineSnapshot(`
    "%% resnet-bk 1.2.0: a box is one job or all jobs of one kind for one platform and CUDA
    flowchart LR
      j0["152 builds linux-x86_64"]
      j1["152 tests linux-x86_64"]
      j0 --> j1
    "
  `);
});

test("pairs are listed by their axes, with the cell that has them", () => {
  const tuples = [
    { values: { python: "3.12", cuda: "cpu" }, by: null },
    { values: { python: "3.11", cuda: "12.1" }, by: "cp311-cu121-linux-x86_64" },
    { values: { python: "3.12", os: "linux-x86_64" }, by: "cp312-cu121-linux-x86_64" },
  ];
  const axes = [{ name: "python", values: ["3.11", "3.12"] }];
  expect(screenText(renderTuples(tuples, axes, 80, SYMBOLS), 80)).toMatchInlineSnapshot(`
    "
    python × cuda  1 of 2 covered
      python       cuda       in the cell
      Python 3.11  CUDA 12.1  cp311-cu121-linux-x86_64
      Python 3.12  cpu        – no planned cell

    python × os  1 of 1 covered
      python       os            in the cell
      Python 3.12  linux-x86_64  cp312-cu121-linux-x86_64
    "
  `);
});

const WHEEL = {
  rule: "torch-wheel",
  reason: "PyTorch 2.0.1 has no wheel for CUDA 12.1 on Linux",
  source: "matrix/data/pytorch-releases.json",
  asOf: "2026-08-22",
};

test("an excluded cell is explained by a sentence with the rule, the fact and its source", () => {
  const plan = resnetPlan();
  const cell = plan.excluded.find(({ rule }) => rule === "torch-wheel")!;
  const explained: CellExplanation = {
    kind: "excluded",
    cell: { ...cell, ...WHEEL },
    answers: [
      {
        answer: "possible",
        rule: "requires-python",
        reason: "resnet-bk requires Python >=3.8",
        source: "PKG-INFO",
        asOf: "",
      },
      { answer: "impossible", ...WHEEL },
    ],
  };
  expect(sentences(explained)).toEqual([
    "cp38-torch2.0.1-cu121-ubuntu-20.04 is excluded by the rule torch-wheel: PyTorch 2.0.1 has no wheel for CUDA 12.1 on Linux (source: matrix/data/pytorch-releases.json, 2026-08-22).",
  ]);
  expect(screenText(renderExplanation(explained, [], plan, 80, SYMBOLS), 80)).toMatchInlineSnapshot(`
    "
    cp38-torch2.0.1-cu121-ubuntu-20.04
    Python 3.8, torch 2.0.1, CUDA 12.1, ubuntu-20.04

    cp38-torch2.0.1-cu121-ubuntu-20.04 is excluded by the rule torch-wheel: PyTorch
    2.0.1 has no wheel for CUDA 12.1 on Linux (source:
    matrix/data/pytorch-releases.json, 2026-08-22).

    What is known of it:
      ✓ requires-python: resnet-bk requires Python >=3.8
        PKG-INFO
      ✗ torch-wheel: PyTorch 2.0.1 has no wheel for CUDA 12.1 on Linux
        matrix/data/pytorch-releases.json, 2026-08-22
    "
  `);
});

test("a planned cell is explained with every fact, what is not known of it, and its jobs", () => {
  const plan = resnetPlan();
  const [cell] = plan.cells;
  const explained: CellExplanation = {
    kind: "planned",
    cell: { ...cell!, unknown: [WHEEL], overridden: [{ ...WHEEL, override: "we build torch ourselves" }] },
    answers: [{ answer: "unknown", ...WHEEL }],
    jobs: [`build-${cell!.name}`, `test-${cell!.name}`],
  };
  const facts = [
    {
      about: "host compiler",
      fact: "nvcc of CUDA 12.1 accepts gcc up to 12",
      source: "cuda-toolkits.json",
      asOf: "2026-09-02",
    },
  ];
  expect(screenText(renderExplanation(explained, facts, plan, 80, SYMBOLS), 80)).toMatchInlineSnapshot(`
    "
    cp38-torch2.0.1-cpu-ubuntu-20.04
    Python 3.8, torch 2.0.1, cpu, ubuntu-20.04

    cp38-torch2.0.1-cpu-ubuntu-20.04 is planned as a touchstone: its jobs go first.
    Whether it is possible is not known (rule torch-wheel): PyTorch 2.0.1 has no
    wheel for CUDA 12.1 on Linux (source: matrix/data/pytorch-releases.json,
    2026-08-22).
    The rule torch-wheel says against it: PyTorch 2.0.1 has no wheel for CUDA 12.1
    on Linux (source: matrix/data/pytorch-releases.json, 2026-08-22). The spec
    overrides this: we build torch ourselves.

    What is known of it:
      ? torch-wheel: PyTorch 2.0.1 has no wheel for CUDA 12.1 on Linux
        matrix/data/pytorch-releases.json, 2026-08-22
      - host compiler: nvcc of CUDA 12.1 accepts gcc up to 12
        cuda-toolkits.json, 2026-09-02

    Its jobs:
      build-cp38-torch2.0.1-cpu-ubuntu-20.04: native wheel, built against torch
      2.0.1 (cpu)
      test-cp38-torch2.0.1-cpu-ubuntu-20.04
    "
  `);
});

test("a reduced cell is explained by the cell that stands for it", () => {
  const plan = resnetPlan();
  const [first, second] = plan.cells;
  const cell = { name: first!.name, axes: first!.axes, coveredBy: second!.name };
  expect(sentences({ kind: "reduced", cell, answers: [], inCommon: ["python", "cuda"] })).toEqual([
    "cp38-torch2.0.1-cpu-ubuntu-20.04 is possible, and left out by the reduction: cp38-torch2.0.1-cpu-ubuntu-22.04 stands for it, which has Python 3.8, cpu in common with it.",
  ]);
});
