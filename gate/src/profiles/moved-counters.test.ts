import { describe, expect, test } from "vitest";
import { compareProfiles } from "./compare-profiles.ts";
import type { KernelProfile } from "./kernel.ts";
import { movedCounters } from "./moved-counters.ts";

/** A launch with metrics in base units. */
function launch(kernel: string, metrics: Readonly<Record<string, number>>, sha256?: string): KernelProfile {
  return {
    ...{ id: "0", kernel, block: "(256, 1, 1)", grid: "(8, 1, 1)", device: "0", computeCapability: "9.0" },
    metrics: new Map(Object.entries(metrics).map(([name, value]) => [name, { value, unit: "u" }])),
    missing: new Map(),
    ...(sha256 === undefined ? {} : { binary: { architecture: "90", sha256 } }),
  };
}
const TIME = "gpu__time_duration.sum";

describe("counters that moved", () => {
  test("are those of the kernels that became slowest, the largest changes first, within noise none", () => {
    const before = [
      launch("steady()", { [TIME]: 9, launch__registers_per_thread: 32 }),
      launch("worse()", { [TIME]: 1, "dram__bytes_op_read.sum": 100, "smsp__inst_executed.sum": 1000, "x.pct": 50 }),
      launch("little()", { [TIME]: 1, launch__registers_per_thread: 32 }),
    ];
    const after = [
      launch("steady()", { [TIME]: 9.4, launch__registers_per_thread: 32 }),
      launch("worse()", { [TIME]: 1.5, "dram__bytes_op_read.sum": 300, "smsp__inst_executed.sum": 1004, "x.pct": 40 }),
      launch("little()", { [TIME]: 1, launch__registers_per_thread: 33 }),
    ];
    const { moved, kernels, onlyInCandidate } = movedCounters(after, before);
    expect(moved.map(({ kernel, metric }) => [kernel.split(" ")[0], metric])).toEqual([
      ["worse()", "dram__bytes_op_read.sum"],
      ["worse()", TIME],
      ["worse()", "x.pct"],
      ["little()", "launch__registers_per_thread"],
    ]);
    expect(moved[0]).toMatchObject({ before: 100, after: 300, unit: "u", binary: "unknown" });
    expect({ kernels, onlyInCandidate }).toEqual({ kernels: 3, onlyInCandidate: [] });
  });

  test("that were zero before have moved most, and several launches count as their median", () => {
    const spills = "l1tex__t_sectors_pipe_lsu_mem_local_op_st.sum";
    const before = [1, 1, 1].map((time) => launch("k()", { [TIME]: time, [spills]: 0 }));
    const after = [1, 2, 90].map((time) => launch("k()", { [TIME]: time, [spills]: 8 }));
    expect(movedCounters(after, before).moved).toMatchObject([
      { metric: spills, before: 0, after: 8 },
      { metric: TIME, before: 1, after: 2 },
    ]);
  });

  test("are at most four of each of three kernels", () => {
    const metrics = (value: number) => Object.fromEntries("abcdefgh".split("").map((name) => [`${name}.sum`, value]));
    const all = (value: number) => "12345".split("").map((name) => launch(`k${name}()`, metrics(value)));
    expect(movedCounters(all(2), all(1)).moved).toHaveLength(12);
  });

  test("of a kernel that the baseline launches otherwise are not told; the kernel is", () => {
    const other = { ...launch("k()", { [TIME]: 2 }), block: "(128, 1, 1)" };
    expect(movedCounters([other], [launch("k()", { [TIME]: 1 })])).toEqual({
      ...{ moved: [], kernels: 0 },
      onlyInCandidate: ["k() (8, 1, 1)×(128, 1, 1)"],
    });
  });
});

test.for([
  ["a", "a", "unchanged"],
  ["a", "b", "changed"],
  ["a", undefined, "unknown"],
  [undefined, undefined, "unknown"],
] as const)("a kernel with the code %s, which was %s, has a binary that is %s", ([after, before, binary]) => {
  const [own, known] = [launch("k()", { [TIME]: 2 }, after), launch("k()", { [TIME]: 1 }, before)];
  expect(movedCounters([own], [known]).moved).toMatchObject([{ binary }]);
  expect([...compareProfiles([own], [known]).binaries.values()]).toEqual([binary]);
  // One launch without a known code may have had any.
  expect(movedCounters([own, launch("k()", { [TIME]: 2 })], [known]).moved).toMatchObject([{ binary: "unknown" }]);
});
