import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { JobView, OutcomeName } from "@kiln/proto";
import { describe, expect, it } from "vitest";
import { Farm } from "./farm.ts";

const fixtures = fileURLToPath(new URL("../../fixtures/broken/", import.meta.url));

/** What each broken candidate says of itself: outcome by job kind, and what the excerpt must show. */
interface Expected {
  readonly build: OutcomeName;
  readonly test: OutcomeName;
  readonly excerpt: string;
}

function pack(folder: string): Buffer {
  return execFileSync("tar", ["-C", fixtures, "-czf", "-", folder], { maxBuffer: 64 * 1024 * 1024 });
}

describe("broken candidates", async () => {
  for (const folder of readdirSync(fixtures)) {
    const dir = join(fixtures, folder);
    const expected = JSON.parse(readFileSync(join(dir, "expected.json"), "utf8")) as Expected;
    it(`${folder} ends with build ${expected.build} and test ${expected.test}, and shows why`, async () => {
      await using farm = await Farm.start({ executor: "host", slots: 2 });
      // One interpreter is enough: the outcome does not depend on it.
      const [python] =
        (await farm.api.agents())[0]?.pythons
          .map(({ feature }) => feature)
          .toSorted()
          .toReversed() ?? [];
      const spec = `${readFileSync(join(dir, "kiln.yaml"), "utf8")}\n`.replace(
        /python: available/,
        `python: ["${python}"]`,
      );
      const version = /^version: (\S+)/m.exec(spec)?.[1] ?? null;
      const run = await farm.api.submit({ spec, name: "kiln-broken", version, sdist: pack(folder) });
      const view = await farm.api.finished(run);
      const jobs = await Promise.all(view.jobs.map((job) => farm.api.job(run, job.name)));
      const outcomes = Object.fromEntries(jobs.map((job) => [job.kind, job.outcome]));
      expect(outcomes).toEqual({ build: expected.build, test: expected.test });
      expect(view.verdict).toBe("fail");
      const failed = jobs.find((job): job is JobView => job.outcome !== "passed" && job.outcome !== "not-run");
      const last = failed?.history.at(-1);
      expect(`${last?.summary}\n${last?.excerpt}`).toContain(expected.excerpt);
    });
  }
});
