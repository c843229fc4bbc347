import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KNOWN_PLATFORMS } from "../known/platforms.ts";
import { KNOWN_PYTHONS } from "../known/pythons.ts";
import type { Candidate, CellAxes } from "../plan/plan.ts";
import { KNOWLEDGE, readKnowledge } from "./knowledge.ts";
import { rulesOf } from "./rule.ts";
import { DATA, DEMO } from "./testing.ts";

const VALUES: Readonly<Record<string, readonly string[]>> = {
  os: [
    ...KNOWN_PLATFORMS,
    "ubuntu-18.04",
    "ubuntu-22.04",
    "ubuntu-24.04-aarch64",
    "rhel-8",
    "centos-7",
    "alpine-3.22",
    "macos-11",
    "macos-14",
    "macos-13-x86_64",
    "windows-11",
    "windows-server-2022",
  ],
  python: KNOWN_PYTHONS.map(({ feature }) => feature),
  torch: [...KNOWLEDGE.torchReleases.map(({ version }) => version), "2.15.0"],
  cuda: [
    "cpu",
    "10.2",
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
    "14.0",
    "rocm5.7",
    "rocm6.0",
    "rocm7.14",
    "rocm9.9",
  ],
  gpu: ["none", "7.0", "9.0", "9.9", "11.0", "12.0", "H100", "V100", "Jetson AGX Orin", "GeForce RTX 5090"],
  driver: ["450", "470.57.02", "525", "525.60.13", "535.104.05", "570", "580.65.06", "620"],
  backend: ["eager", "compiled"],
};

/** Any cell: os and python always, the other axes or not. */
const CELL: fc.Arbitrary<CellAxes> = fc
  .record(Object.fromEntries(Object.entries(VALUES).map(([axis, values]) => [axis, fc.constantFrom(...values)])), {
    requiredKeys: ["os", "python"],
  })
  .map((axes) => axes as CellAxes);

const CANDIDATES: readonly Candidate[] = [
  DEMO,
  { ...DEMO, requiresPython: ">=3.9", requiresDist: ["torch==2.2.0"] },
  {
    ...DEMO,
    requiresPython: "<3.13",
    requiresDist: [
      'torch>=2.1; python_version >= "3.10" and sys_platform != "darwin"',
      'torch==2.0.1; platform_machine == "aarch64"',
      "torch==2.1.2+cu121; python_full_version < '3.10.999'",
      "numpy",
    ],
  },
  { ...DEMO, requiresDist: ["torch @ https://example.org/torch.whl", "torch>=2; platform_release == 'x'"] },
];

const RULES = CANDIDATES.flatMap((candidate) => rulesOf(KNOWLEDGE, candidate));

describe("every rule", () => {
  test("answers with its name, a sentence and its source, and a date unless it was read just now", () => {
    fc.assert(
      fc.property(CELL, (cell) => {
        for (const rule of RULES) {
          const answer = rule.judge(cell);
          if (answer === null) continue;
          expect(answer.rule).toBe(rule.name);
          expect(answer.reason).toMatch(/^.{15,}[^.\s]$/su);
          expect(answer.reason).not.toMatch(/undefined|null|\bNaN\b/);
          expect(answer.source).not.toBe("");
          if (answer.source.endsWith("PKG-INFO")) expect(answer.asOf).toBe("");
          else expect(answer.asOf).toMatch(/^\d{4}-\d{2}(-\d{2})?$/);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("depends on the axes that it names and on no other", () => {
    fc.assert(
      fc.property(CELL, CELL, (cell, other) => {
        for (const rule of RULES) {
          const kept = Object.fromEntries(rule.axes.flatMap((axis) => (axis in cell ? [[axis, cell[axis]]] : [])));
          const rest = Object.fromEntries(Object.entries(other).filter(([axis]) => !rule.axes.includes(axis)));
          expect(rule.judge({ ...rest, ...kept } as CellAxes)).toEqual(rule.judge(cell));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("answers the same whatever the order of the data's records", () => {
    const turned = readKnowledge(
      Object.fromEntries(
        Object.entries(DATA).map(([name, { documents, records }]) => [
          name,
          { documents, records: [...records].toReversed() },
        ]),
      ) as typeof DATA,
    );
    const others = CANDIDATES.flatMap((candidate) => rulesOf(turned, candidate));
    fc.assert(
      fc.property(CELL, (cell) => {
        for (const [index, rule] of RULES.entries()) expect(others[index]?.judge(cell)).toEqual(rule.judge(cell));
      }),
      { numRuns: 300 },
    );
  });

  test("is fast enough to be asked about 100,000 cells", () => {
    const rules = rulesOf(KNOWLEDGE, CANDIDATES[1] ?? DEMO);
    const cells = fc.sample(CELL, { numRuns: 500, seed: 3 });
    const started = performance.now();
    for (let round = 0; round < 40; round += 1) for (const cell of cells) for (const rule of rules) rule.judge(cell);
    // 20,000 cells here; a plan asks far less often, because it remembers by the axes of each rule.
    expect(performance.now() - started).toBeLessThan(1000);
  });

  test("has a name of its own", () => {
    const names = rulesOf(KNOWLEDGE, DEMO).map(({ name }) => name);
    expect(names).toEqual([
      "cuda-platform",
      "gpu-cuda-os",
      "rocm",
      "requires-python",
      "candidate-pin",
      "torch-wheel",
      "glibc",
      "macos-version",
      "gpu-toolkit",
      "driver-cuda",
      "gpu-torch",
    ]);
  });
});
