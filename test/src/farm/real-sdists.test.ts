import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { RunView } from "@kiln/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Farm } from "./farm.ts";

const cliMain = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));

/** Sdists by others, with C extensions; the Pythons that their metadata rules out on this farm. */
const SDISTS = [
  { requirement: "markupsafe==3.0.2", requiresPython: ">=3.9", rulesOut: (minor: number) => minor < 9 },
  { requirement: "msgpack==1.1.0", requiresPython: ">=3.8", rulesOut: () => false },
  { requirement: "lz4==4.3.3", requiresPython: ">=3.8", rulesOut: () => false },
] as const;

describe("candidates from the user's own package index", () => {
  let farm: Farm;
  beforeAll(async () => void (farm = await Farm.start({ executor: "host", slots: 2 })));
  afterAll(() => farm[Symbol.asyncDispose]());

  it.each(SDISTS)(
    "$requirement is built and import-tested on every Python that its metadata allows",
    async ({ requirement, requiresPython, rulesOut }) => {
      const args = [cliMain, "submit", `pypi:${requirement}`, "--wait", "--json"];
      const env = { ...process.env, KILN_URL: farm.coordinator.ready.httpUrl, KILN_TOKEN: farm.token };
      const { stdout } = await promisify(execFile)(process.execPath, args, { env, maxBuffer: 16 * 1024 * 1024 });
      const run = JSON.parse(stdout) as RunView;
      expect(run).toMatchObject({ verdict: "pass", candidate: { requiresPython } });
      const found = (await farm.api.agents()).flatMap((agent) => agent.pythons.map(({ feature }) => feature));
      const minorOf = (python: string): number => Number(/^3\.([0-9]+)/.exec(python)?.[1]);
      const pythons = new Set(found.filter((python) => !rulesOut(minorOf(python))));
      expect(new Set(run.cells.map(({ axes }) => axes["python"]))).toEqual(pythons);
      expect(run.jobs).toHaveLength(pythons.size * 2);
      for (const { axes, rule, source } of run.excluded) {
        expect(rulesOut(minorOf(axes["python"] ?? ""))).toBe(true);
        expect({ rule, source }).toMatchObject({
          rule: "requires-python",
          source: expect.stringContaining("PKG-INFO"),
        });
      }
    },
  );
});
