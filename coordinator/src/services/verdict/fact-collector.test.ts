import { gatesOf, NO_POLICY } from "@kiln/gate";
import type { Plan } from "@kiln/matrix";
import { pino } from "pino";
import { expect, test } from "vitest";
import { createTarSource } from "../../adapters/source-archive/tar-source.ts";
import type { WheelOpener } from "../../ports/wheel-opener.ts";
import { servicesInFolder, type Services } from "../testing.ts";
import { ArtifactFacts } from "./artifact-facts.ts";
import { FactCollector } from "./fact-collector.ts";
import { judgedRun } from "./testing.ts";

async function collect(services: Services, wheels: WheelOpener, timeoutMs: number) {
  const run = await judgedRun(services, { spec: "" });
  const { store, blobs } = services;
  const collector = new FactCollector(
    {
      ...{ store, verdicts: store.verdicts, blobs, source: createTarSource(blobs) },
      artifacts: new ArtifactFacts(wheels, { wheelsMax: 10, hashedBytesMax: 100 }),
      measurements: { collect: async () => ({ facts: {}, toConfirm: [], machines: new Map() }) },
      upstream: {
        page: async () => ({ ok: false, reason: "not-configured" }),
        file: async () => ({ ok: false, reason: "not-configured" }),
        [Symbol.asyncDispose]: async () => {},
      },
      clock: { nowMs: () => 1 },
      log: pino({ level: "silent" }),
    },
    timeoutMs,
  );
  const row = await store.run(run);
  const planJson = await store.planJson(run);
  if (!row || planJson === null) throw new Error("the run is there");
  return (await collector.collect(row, JSON.parse(planJson) as Plan, NO_POLICY, new AbortController().signal)).facts;
}

test("facts that take too long are absent, with how long was waited", async () => {
  await using services = await servicesInFolder();
  const hanging: WheelOpener = {
    open: (_wheel, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
  };
  const facts = await collect(services, hanging, 50);
  expect(facts.absent?.contents).toBe("not looked at within 0.05 s");
  expect(facts.contents).toBeUndefined();
  // What does not hang is there.
  expect(facts.run?.jobs).toHaveLength(2);
});

test("facts that a broken disk keeps back are absent, with its words, and their gates are not forgotten", async () => {
  await using services = await servicesInFolder();
  const broken: WheelOpener = { open: () => Promise.reject(new Error("EIO: i/o error")) };
  const facts = await collect(services, broken, 10_000);
  expect(gatesOf(NO_POLICY, facts)).toHaveProperty("G10");
  expect(facts.absent).toMatchObject({ contents: "EIO: i/o error" });
});

test("a wheel that is too large to be hashed is not said to hold its RECORD", async () => {
  await using services = await servicesInFolder();
  const asked: number[] = [];
  const large: WheelOpener = {
    open: async (_wheel, { hashBytesMax }) => {
      asked.push(hashBytesMax);
      return { ok: true, hashedBytes: 0, wheel: { paths: [], files: new Map(), digests: null } };
    },
  };
  const { contents } = await collect(services, large, 10_000);
  expect(asked).toEqual([100]);
  expect(contents).toMatchObject([{ recordProblems: null }]);
});
