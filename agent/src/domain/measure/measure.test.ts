import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { foreignCores, parseProcessTimes, type ProcessTimes } from "./foreign-cpu.ts";
import { countProcesses, GpuReadings } from "./gpu-readings.ts";
import { readNames } from "./kernel-names.ts";
import { metricsOf, ncuTrouble, profileArguments } from "./ncu.ts";
import { ProcessOrder } from "./process-order.ts";

describe("the order of processes", () => {
  test("has as many undisturbed pairs as asked for, each arm first in half of them, for any disturbances", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 0, max: 5 }),
        fc.array(fc.boolean()),
        (pairs, pairsAgainMax, isDisturbed) => {
          const order = new ProcessOrder({ hasBaseline: true, pairs, pairsAgainMax });
          const disturbed = new Set<number>();
          const firsts = new Map<number, string>();
          let count = 0;
          for (let next = order.next(); next; next = order.next()) {
            expect(++count).toBeLessThanOrEqual(2 + 2 * (pairs + pairsAgainMax));
            if (!firsts.has(next.pair)) firsts.set(next.pair, next.arm);
            if (isDisturbed[count] && order.disturbed(next)) disturbed.add(next.pair);
          }
          const clean = [...firsts].filter(([pair]) => pair > 0 && !disturbed.has(pair));
          expect(clean).toHaveLength(pairs);
          const baselineFirst = clean.filter(([, arm]) => arm === "baseline").length;
          expect(baselineFirst).toBe(Math.ceil(pairs / 2));
        },
      ),
    );
  });
});

describe("CPU of other processes", () => {
  const at = (pid: number, ownTicks: number, childTicks = 0, startTicks = 1, parentPid = 1): ProcessTimes => ({
    ...{ pid, ownTicks, childTicks, startTicks, parentPid },
  });
  const over = { agentPid: 5, durationMs: 1_000 };

  test("counts what others used, their ended children too, and not the agent's or init's children", () => {
    const before = [at(1, 0), at(5, 10, 0), at(7, 100, 50)];
    const after = [at(1, 0, 900), at(5, 10, 500), at(7, 150, 100)];
    expect(foreignCores(before, after, over)).toBeCloseTo(1);
  });

  test("counts a process that began in between from its beginning, with a reused number too", () => {
    expect(foreignCores([at(7, 500)], [at(7, 30, 0, 99)], over)).toBeCloseTo(0.3);
    expect(foreignCores([], [at(8, 30)], over)).toBeCloseTo(0.3);
  });

  test("counts of a process that ended what it used meanwhile, and not all that it ever used", () => {
    const worker = at(8, 700, 0, 1, 7);
    expect(foreignCores([at(7, 100, 50), worker], [at(7, 100, 770)], over)).toBeCloseTo(0.2);
  });

  test("reads /proc/PID/stat whatever the name of the process", () => {
    const rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 1900 20";
    expect(parseProcessTimes(`42 (a) b (c)) ${rest}`)).toEqual({
      ...{ pid: 42, parentPid: 1, ownTicks: 11 + 12, childTicks: 13 + 14, startTicks: 1900 },
    });
    expect(parseProcessTimes("42 (x) S 1")).toBeNull();
  });
});

describe("readings of a GPU", () => {
  test("take the clock while it is used, its default, and why it is slow", () => {
    const readings = new GpuReadings();
    readings.take("GPU-1, 535.104.05, 345, 1980, [N/A], 0, 30, 60.1, 0x0000000000000001");
    expect(readings.stamp(0)).toMatchObject({ smClockMhz: null, defaultSmClockMhz: 1980 });
    readings.take("GPU-1, 535.104.05, 1980, 1980, [N/A], 97, 55, 650.2, 0x0000000000000000");
    readings.take("GPU-1, 535.104.05, 1200, 1980, [N/A], 98, 80, 700.0, 0x0000000000000024");
    readings.take("cut off");
    expect(readings.stamp(1)).toEqual({
      ...{ uuid: "GPU-1", driver: "535.104.05", smClockMhz: { before: 1980, after: 1200 }, defaultSmClockMhz: 1980 },
      ...{ temperatureC: 80, powerW: 700, otherProcesses: 1 },
      throttleReasons: ["software power cap", "software thermal slowdown"],
    });
  });

  test("without a line there is no stamp", () => {
    expect(new GpuReadings().stamp(0)).toBeNull();
  });

  test("count the processes on one device, and never take an error for none", () => {
    expect(countProcesses("12, GPU-a\n13, GPU-b\n14, GPU-a\n", "GPU-a")).toBe(2);
    expect(countProcesses("", "GPU-a")).toBe(0);
    expect(countProcesses("Unable to determine the device handle", "GPU-a")).toBeNull();
  });
});

describe("ncu", () => {
  test("is asked for the names that the chip has", () => {
    const queried =
      "Device NVIDIA B200\n-----\nMetric Name        Metric Unit\n-----\ndram__bytes_op_read    byte   x\n";
    const metrics = [["launch__grid_size"], ["dram__bytes_read.sum", "dram__bytes_op_read.sum"]];
    expect(metricsOf({ metrics }, queried)).toEqual(["launch__grid_size", "dram__bytes_op_read.sum"]);
    expect(metricsOf({ metrics }, null)).toEqual(["launch__grid_size", "dram__bytes_read.sum"]);
  });

  test("matches whole names of kernels", () => {
    const profile = { kind: "profile", kernels: "a|b", launchSkip: 2, launchCount: 1, metrics: [] } as const;
    expect(profileArguments(profile, { report: "r", log: "l" }, ["m"])).toContain("regex:^(a|b)$");
  });

  test("names kernels by their symbols, whatever else it prints, with the device's compute capability", () => {
    const head = '"ID","Kernel Name","CC"';
    const rows = ['"","",""', '"0","_Z1kPf","9.0"', "epoch 1", '"3","_Z1kPf","9.0"', '"4","other","9.0"', '"5","cut'];
    expect(readNames(["==PROF== Connected", head, ...rows].join("\r\n"))).toEqual({
      launches: new Map([
        ["_Z1kPf", [0, 3]],
        ["other", [4]],
      ]),
      capability: "9.0",
    });
    expect(readNames([head, '"0","a","9.0"', '"1","b","8.0"'].join("\n"))?.capability).toBeNull();
    for (const text of ["", "==ERROR== unrecognised option", head]) expect(readNames(text)).toBeNull();
  });

  test("says in words what it does not say by its exit status", () => {
    expect(ncuTrouble("==WARNING== No kernels were profiled.")).toEqual({ kind: "no-kernels" });
    expect(ncuTrouble("==ERROR== ERR_NVGPUCTRPERM - no permission")).toEqual({ kind: "permission" });
    expect(ncuTrouble("==PROF== Disconnected")).toBeNull();
  });
});
