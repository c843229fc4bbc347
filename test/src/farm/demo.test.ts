import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { RunView } from "@kiln/proto";
import { temporaryFolder } from "@kiln/testkit";
import { describe, expect, it } from "vitest";

const cliMain = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));
const agentMain = fileURLToPath(new URL("../../../agent/src/main.ts", import.meta.url));

interface Demo {
  readonly run: RunView;
  readonly farm: string;
  readonly timings: { readonly firstJobStartedMs: number | null; readonly totalMs: number };
}

interface Inventory {
  readonly pythons: readonly { readonly feature: string }[];
}

async function kiln(main: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...args], { env, maxBuffer: 16 * 1024 * 1024 });
  return JSON.parse(stdout);
}

describe("kiln demo", () => {
  it("builds and tests the example on every CPython found, in a farm of its own, and passes", async () => {
    using home = temporaryFolder("kiln-demo-");
    const { KILN_URL: _url, ...rest } = process.env;
    const env = { ...rest, KILN_HOME: home.path };
    const inventory = (await kiln(agentMain, ["inventory"], env)) as Inventory;
    const demo = (await kiln(cliMain, ["demo", "--json"], env)) as Demo;
    expect(demo.farm).toBe("embedded");
    expect(demo.run).toMatchObject({ state: "finished", verdict: "pass" });
    expect(new Set(demo.run.cells.map(({ axes }) => axes["python"]))).toEqual(
      new Set(inventory.pythons.map(({ feature }) => feature)),
    );
    expect(demo.run.jobs.every(({ outcome, attempts }) => outcome === "passed" && attempts === 1)).toBe(true);
    expect(demo.timings.firstJobStartedMs).toBeGreaterThan(0);
  });
});
