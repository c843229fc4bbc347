import { describe, expect, test } from "vitest";
import { fakeFarm } from "../testing/fake-farm.ts";
import { runKiln } from "../testing/run-kiln.ts";
import { finished, jobView, T0 } from "../testing/views.ts";

const BUILD = "build-cp312-linux-x86_64";

describe("logs", () => {
  test("can be had in parts: the last lines, or one step", async () => {
    await using farm = await fakeFarm();
    farm.log = Buffer.from("one\ntwo\nthree\nfour\n");
    const steps = [
      { title: "fetch the source", logOffset: 0, exitCode: 0, durationMs: 1 },
      { title: "build the wheel", logOffset: 8, exitCode: 0, durationMs: 1 },
      { title: "keep the wheel", logOffset: 14, exitCode: 0, durationMs: 1 },
    ];
    farm.jobs.set(BUILD, jobView(finished(BUILD, "passed", [0, 1]), { steps }));
    const shown = async (...options: string[]) =>
      (await runKiln(["logs", "r3", BUILD, ...options], { env: farm.env })).stdout;
    expect(await shown("--tail", "2")).toBe("three\nfour\n");
    expect(await shown("--step", "2")).toBe("three\n");
    expect(await shown("--step", "Build")).toBe("three\n");
    expect(await shown("--step", "3")).toBe("four\n");
    const none = await runKiln(["logs", "r3", BUILD, "--step", "test"], { env: farm.env });
    expect(none.stderr).toContain("has no step test");
    expect(none.stderr).toContain("1 fetch the source, 2 build the wheel, 3 keep the wheel");
  });

  test("have the time at which each line came where that is asked for", async () => {
    await using farm = await fakeFarm();
    farm.log = Buffer.from("one\ntwo\nthree\n");
    farm.logTimes = [
      { offset: 0, atMs: T0 },
      { offset: 4, atMs: T0 + 1_500 },
    ];
    farm.jobs.set(BUILD, jobView(finished(BUILD, "passed", [0, 1])));
    const { stdout } = await runKiln(["logs", "r3", BUILD, "--timestamps"], { env: farm.env });
    expect(stdout).toBe("2026-01-01T00:00:00.000Z one\n2026-01-01T00:00:01.500Z two\n2026-01-01T00:00:01.500Z three\n");
  });
});
