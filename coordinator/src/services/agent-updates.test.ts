import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pino } from "pino";
import { expect, it, vi } from "vitest";
import { TESTER } from "../domain/testing.ts";
import { AgentUpdates } from "./agent-updates.ts";
import { servicesInFolder, type Services } from "./testing.ts";

const BUNDLE = Buffer.from("bundle");
const SHA256 = createHash("sha256").update(BUNDLE).digest("hex");
const UPDATE = { version: "1.1.0", sha256: SHA256 };

async function updatesOn(services: Services): Promise<AgentUpdates> {
  const { farm, store, blobs, bus, audit } = services;
  await blobs.put(SHA256, Readable.from([BUNDLE]));
  await services.register("a");
  const clock = { nowMs: () => 5 };
  return new AgentUpdates({ farm, store: store.updates, blobs, bus, audit, clock, log: pino({ level: "silent" }) });
}

it("an offer is stored with the row that tells of it, and one that is refused leaves none", async () => {
  await using services = await servicesInFolder();
  const updates = await updatesOn(services);
  expect(await updates.offer("nobody", UPDATE, TESTER)).toEqual({ ok: false, reason: "no-such-agent" });
  expect(await updates.offer("a", { ...UPDATE, sha256: "0".repeat(64) }, TESTER)).toMatchObject({ ok: false });
  expect(await updates.offer("a", UPDATE, TESTER)).toMatchObject({ ok: true });
  const rows = await services.audit.page({ before: null, sinceMs: null, who: null, what: null, limit: 10 });
  expect(rows).toMatchObject([{ what: "agent.update", object: "a", who: TESTER.who }]);
  expect((await services.store.updates.all())[0]?.offered?.sha256).toBe(SHA256);
});

it("an offer that cannot be stored is not made", async () => {
  await using services = await servicesInFolder();
  const updates = await updatesOn(services);
  vi.spyOn(services.audit, "entry").mockReturnValueOnce({
    ...services.audit.entry(TESTER, { what: "agent.update", object: "a" }),
    who: null as unknown as string,
  });
  await expect(updates.offer("a", UPDATE, TESTER)).rejects.toThrow();
  expect(updates.softwareOf("a")?.offered).toBeNull();
  expect(await services.store.updates.all()).toEqual([]);
});
