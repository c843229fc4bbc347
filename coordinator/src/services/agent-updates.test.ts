import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pino } from "pino";
import { expect, it, vi } from "vitest";
import { findAttempt } from "../domain/farm-state.ts";
import type { FrameBody } from "../domain/frame.ts";
import { TESTER } from "../domain/testing.ts";
import { AgentUpdates } from "./agent-updates.ts";
import { FakePeer, servicesInFolder, type Services } from "./testing.ts";

const BUNDLE = Buffer.from("bundle");
const SHA256 = createHash("sha256").update(BUNDLE).digest("hex");
const UPDATE = { version: "1.1.0", sha256: SHA256 };

async function updatesOn(services: Services): Promise<AgentUpdates> {
  const { engine, store, blobs, bus, audit } = services;
  await blobs.put(SHA256, Readable.from([BUNDLE]));
  if (!engine.farm.agents.has("a")) await services.register("a");
  const clock = { nowMs: () => 5 };
  return new AgentUpdates({ engine, store: store.updates, blobs, bus, audit, clock, log: pino({ level: "silent" }) });
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

const FIRST = { run: 1, job: 0, attempt: 1 };
const SERVED = { takesUpdates: true, runningSha256: "", failed: null };
const modeOf = (services: Pick<Services, "farm">) => services.farm.agents.get("a")?.mode;

async function frames(services: Services, ...bodies: readonly FrameBody[]): Promise<void> {
  const peer = new FakePeer("a");
  const before = findAttempt(services.farm, FIRST)?.progress.acceptedSeq ?? 0;
  const sent = bodies.map((body, index) => ({ seq: before + index + 1, atMs: 1, body }));
  await services.ingest.accept(peer, [{ key: FIRST, frames: sent }]);
  await peer.until(() => peer.acks.some(({ seq }) => seq === before + bodies.length));
}

it("an agent that is offered a version is drained for it, asked when its job has ended, and in use again once it runs it", async () => {
  await using services = await servicesInFolder();
  const updates = await updatesOn(services);
  await updates.registered("a", SERVED);
  await services.submit(["3.12"]);
  await frames(services, { type: "started", pythonVersion: "3.12.1" });
  const asked = vi.spyOn(services.bus, "offerUpdate");
  await updates.offer("a", UPDATE, TESTER);
  expect(modeOf(services)).toEqual({ name: "draining", reason: "to take version 1.1.0", sinceMs: 5 });
  await services.submit(["3.12"]);
  updates.repeat();
  // It finishes what it has begun, and gets nothing new.
  expect([asked.mock.calls.length, services.bus.assignments.length, services.bus.stops]).toEqual([0, 1, []]);
  const ended = { outcome: "build-failed", summary: "", excerpt: "", logBytesDropped: 0 } as const;
  await frames(services, { type: "finished", ...ended });
  expect(services.bus.assignments).toHaveLength(1);
  updates.repeat();
  expect(asked).toHaveBeenCalledWith("a", expect.objectContaining({ sha256: SHA256 }));
  await updates.registered("a", { ...SERVED, runningSha256: SHA256 });
  expect(modeOf(services)?.name).toBe("active");
  expect(services.bus.assignments).toHaveLength(2);
});

it("an agent is drained for an offer also after a restart of the coordinator, and no longer when it has failed", async () => {
  await using services = await servicesInFolder();
  const before = await updatesOn(services);
  await before.registered("a", SERVED);
  await before.offer("a", UPDATE, TESTER);
  const again = await services.restart();
  expect(modeOf(again)?.name).toBe("draining");
  const updates = await updatesOn(again);
  await updates.start(3_600_000);
  updates.stop();
  expect(modeOf(again)?.name).toBe("draining");
  await updates.registered("a", { ...SERVED, failed: { offer: 1, reason: "it does not start" } });
  expect(modeOf(again)?.name).toBe("active");
});

it("an offer drains no agent that no service runs, and leaves what an operator has said alone", async () => {
  await using services = await servicesInFolder();
  const updates = await updatesOn(services);
  await updates.offer("a", UPDATE, TESTER);
  expect(modeOf(services)?.name).toBe("active");
  await services.agents.setMode("a", "paused", "mine", TESTER);
  await updates.registered("a", SERVED);
  expect(modeOf(services)).toMatchObject({ name: "paused", reason: "mine" });
  await updates.registered("a", { ...SERVED, runningSha256: SHA256 });
  expect(modeOf(services)).toMatchObject({ name: "paused", reason: "mine" });
});
