import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import type { RunView } from "@kiln/proto";
import { temporaryFolder } from "@kiln/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Farm } from "../farm/farm.ts";
import { CANDIDATES } from "./candidates.ts";
import { oldestAndNewest, outcomeOnFarm, submitCandidate, unpackSource, type FarmPython } from "./on-farm.ts";
import { OUTCOME_TEXT } from "./outcome.ts";
import { plainPip } from "./plain-pip.ts";

// Releases by others, from the user's own package index, on the oldest and the
// newest Python of this machine: through `kiln submit`, and by pip alone.

describe("sdists by others", { timeout: 600_000 }, () => {
  const stack = new AsyncDisposableStack();
  const scratch = stack.use(temporaryFolder("kiln-sdists-")).path;
  let farm: Farm;
  let pythons: readonly FarmPython[];
  beforeAll(async () => {
    farm = stack.use(await Farm.start({ executor: "host", slots: 2, upstream: true }));
    pythons = await oldestAndNewest(farm);
  });
  afterAll(() => stack.disposeAsync());

  it.for(CANDIDATES)("$name $version ($kind) comes to what pip alone makes of it", async (candidate, context) => {
    const { needs } = candidate;
    if (needs !== undefined && spawnSync(needs, ["--version"]).status !== 0) {
      return context.skip(`${needs} is not installed; ${candidate.name} cannot be built`);
    }
    const wanted = candidate.isSlow ? pythons.slice(-1) : pythons;
    const features = wanted.map(({ feature }) => feature);
    const submitted = submitCandidate(farm, candidate, features, scratch);
    const source = async (): Promise<string> => unpackSource(farm, await submitted, scratch);
    const [run, ...byPip] = await Promise.all([
      submitted,
      ...wanted.map(({ path }) => plainPip(candidate, path, scratch, source)),
    ]);
    for (const [index, { feature, minor }] of wanted.entries()) {
      const byFarm = await outcomeOnFarm(farm, run, feature);
      const pips = byPip[index];
      expect([feature, byFarm.kind, byFarm.wheel]).toEqual([feature, pips?.kind, pips?.wheel]);
      expect([feature, byFarm.kind]).toEqual([feature, candidate.expected(minor) ?? byFarm.kind]);
    }
    if (candidate.withoutSpec) await expectEveryAllowedPython(run);
  });

  /** A run without a spec has all Pythons of the farm, but those that the metadata rules out, with its word for it. */
  async function expectEveryAllowedPython({ cells, excluded, jobs, candidate, verdict }: RunView): Promise<void> {
    expect({ verdict, requiresPython: candidate.requiresPython }).toEqual({ verdict: "pass", requiresPython: ">=3.9" });
    const found = (await farm.api.agents()).flatMap((agent) => agent.pythons.map(({ feature }) => feature));
    const isAllowed = (python = ""): boolean => Number(/^3\.([0-9]+)/.exec(python)?.[1]) >= 9;
    const allowed = new Set(found.filter((python) => isAllowed(python)));
    expect(new Set(cells.map(({ axes }) => axes["python"]))).toEqual(allowed);
    expect(jobs).toHaveLength(allowed.size * 2);
    for (const { axes, rule, source } of excluded) {
      expect(isAllowed(axes["python"])).toBe(false);
      expect({ rule, source }).toMatchObject({ rule: "requires-python", source: expect.stringContaining("PKG-INFO") });
    }
  }
});

it("docs/REAL-PACKAGES.md has exactly these releases, with these outcomes", async () => {
  const text = await readFile(new URL("../../../docs/REAL-PACKAGES.md", import.meta.url), "utf8");
  const [titles = [], ...rows] = text
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split("|").map((cell) => cell.trim()));
  const minors = titles.slice(3, 5).map((title) => Number(/3\.(\d+)/.exec(title)?.[1]));
  const expected = CANDIDATES.map((candidate) => [
    `${candidate.name} ${candidate.version}`,
    candidate.kind,
    ...minors.map((minor) => OUTCOME_TEXT[candidate.expected(minor) ?? "works"]),
  ]);
  expect(rows.map((row) => row.slice(1, 5))).toEqual(expected);
});
