import { fileURLToPath } from "node:url";
import type { RunView, VerdictView } from "@kiln/proto";
import { temporaryFolder } from "@kiln/testkit";
import { describe, expect, it } from "vitest";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { runKiln } from "./kiln-command.ts";

const agentMain = fileURLToPath(new URL("../../../agent/src/main.ts", import.meta.url));

interface Demo {
  readonly run: RunView;
  readonly verdict: VerdictView;
  readonly released: string;
  readonly farm: string;
  readonly timings: { readonly firstJobStartedMs: number | null; readonly totalMs: number };
}

interface Inventory {
  readonly pythons: readonly { readonly feature: string }[];
}

/** What others did meanwhile makes a comparison say nothing; that it is then no pass is what is asked for. */
const UNDECIDED = new Set(["invalid", "cannot-tell"]);

describe("kiln demo", () => {
  it("builds and tests the example on every CPython found, in a farm of its own, and compares it with a release", async () => {
    using home = temporaryFolder("kiln-demo-");
    const { KILN_URL: _url, ...rest } = process.env;
    const env = { ...rest, KILN_HOME: home.path };
    const { stdout } = await promisify(execFile)(process.execPath, [agentMain, "inventory"], { env });
    const inventory = JSON.parse(stdout) as Inventory;
    const ended = await runKiln(env, "demo", "--json");
    const demo = JSON.parse(ended.stdout) as Demo;
    expect(demo).toMatchObject({ farm: "embedded", released: "r1", run: { run: "r2", state: "finished" } });
    expect(new Set(demo.run.cells.map(({ axes }) => axes["python"]))).toEqual(
      new Set(inventory.pythons.map(({ feature }) => feature)),
    );
    const [bench, ...others] = demo.run.jobs.toSorted((a, b) => (a.kind === "bench" ? -1 : b.kind === "bench" ? 1 : 0));
    expect(others.every(({ outcome, attempts }) => outcome === "passed" && attempts === 1)).toBe(true);
    expect(bench).toMatchObject({ kind: "bench", outcome: "passed" });
    expect(demo.timings.firstJobStartedMs).toBeGreaterThan(0);

    const { comparisons, gates, verdict } = demo.verdict;
    expect(comparisons.map(({ benchmark, baseline }) => [benchmark, baseline])).toEqual([
      ["total:time", "0.9.0"],
      ["dot:time", "0.9.0"],
    ]);
    expect(gates.filter(({ id, outcome }) => id !== "G22" && outcome !== "pass")).toEqual([]);
    const disturbed = comparisons.filter(({ outcome }) => UNDECIDED.has(outcome));
    if (disturbed.length > 0) {
      console.warn(`this machine was not quiet: ${disturbed[0]?.reason}`);
      expect([verdict, ended.exitCode]).toEqual(["inconclusive", 2]);
    } else {
      expect([verdict, ended.exitCode]).toEqual(["pass", 0]);
    }
  });
});
