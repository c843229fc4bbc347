import { TESTER } from "../domain/testing.ts";
import { describe, expect, it } from "vitest";
import type { Heartbeat } from "../domain/heartbeat.ts";
import { moveDeadlines } from "../domain/move-deadlines.ts";
import { NO_READINGS } from "../domain/testing.ts";
import { LEASE_TTL_MS, servicesInFolder } from "./testing.ts";

const beat = (set: Partial<Heartbeat> = {}): Heartbeat => ({
  agentId: "a",
  sessionId: "s1",
  attempts: [],
  diskFreeBytes: 1,
  spoolBytes: 0,
  readings: NO_READINGS,
  ...set,
});

const attempt = { run: 1, job: 0, attempt: 1 };

describe("liveness", () => {
  it("keeps a lease alive as long as heartbeats list it", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    await services.submit(["3.12"]);
    for (let beats = 0; beats < 5; beats += 1) {
      services.advance(LEASE_TTL_MS - 1);
      services.liveness.heartbeat(beat({ attempts: [attempt] }));
      await services.liveness.check();
    }
    expect((await services.store.jobs(1))[0]).toMatchObject({ state: "assigned", attempts: 1 });
  });

  it.for([-3_600_000, 86_400_000])("keeps the length of a lease when the clock is set by %i ms", async (byMs) => {
    await using services = await servicesInFolder();
    await services.register("a");
    await services.submit(["3.12", "3.13"]);
    const states = async (): Promise<string[]> => (await services.store.jobs(1)).map(({ state }) => state);
    const before = await states();
    services.advance(byMs);
    moveDeadlines(services.farm, byMs);
    await services.liveness.check();
    expect(await states()).toEqual(before);
    services.advance(LEASE_TTL_MS - 1);
    await services.liveness.check();
    expect(await states()).toEqual(before);
    services.advance(2);
    await services.liveness.check();
    expect((await services.store.jobs(1))[0]).toMatchObject({ state: "ready", attempts: 1 });
    expect(services.farm.agents.get("a")?.presence).toBe("offline");
    // Nobody can run 3.13: patience with it is as long as it was, too.
    services.advance(60_000 - LEASE_TTL_MS - 2);
    await services.liveness.check();
    expect((await services.store.jobs(1))[2]).toMatchObject({ kind: "build", state: "ready" });
    services.advance(2);
    await services.liveness.check();
    expect((await services.store.jobs(1))[2]).toMatchObject({ state: "finished", outcome: "not-run" });
  });

  it("ends a job as agent-lost when its retries are spent, and never tries a fourth time", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    await services.submit(["3.12"]);
    for (let lost = 0; lost < 5; lost += 1) {
      services.advance(LEASE_TTL_MS + 1);
      await services.liveness.check();
      services.liveness.heartbeat(beat());
      await services.engine.settled();
    }
    const [job] = await services.store.jobs(1);
    expect(job).toMatchObject({ state: "finished", outcome: "agent-lost", attempts: 3, retriesLeft: 0 });
    expect(job?.summary).toBe("agent a was not heard of for 10 s");
    await services.judge.idle();
    expect(await services.store.run(1)).toMatchObject({ state: "finished", verdict: "inconclusive" });
  });

  it("asks an agent that it does not know, or knows from an earlier life, to register", async () => {
    await using services = await servicesInFolder();
    services.liveness.heartbeat(beat());
    await services.register("a");
    services.liveness.heartbeat(beat({ sessionId: "s2" }));
    services.liveness.heartbeat(beat());
    expect(services.bus.registrationsAsked).toEqual(["a", "a"]);
  });

  it("repeats a cancellation with every heartbeat that still lists the attempt", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    await services.submit(["3.12"]);
    await services.commands.cancel(1, TESTER);
    services.liveness.heartbeat(beat({ attempts: [attempt] }));
    services.liveness.heartbeat(beat({ attempts: [attempt] }));
    expect(services.bus.stops).toHaveLength(3);
    expect((await services.store.run(1))?.state).toBe("cancelling");
  });

  it("stops what an agent runs without holding its lease", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    services.liveness.heartbeat(beat({ attempts: [{ run: 9, job: 0, attempt: 1 }] }));
    expect(services.bus.stops).toMatchObject([{ agentId: "a", key: { run: 9 } }]);
  });

  it("publishes an assignment again when the agent lives and has not begun it", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    await services.submit(["3.12"]);
    services.advance(LEASE_TTL_MS / 2 + 1);
    services.liveness.heartbeat(beat());
    await services.liveness.check();
    await services.engine.settled();
    expect(services.bus.assignments.map(({ key }) => key)).toEqual([attempt, attempt]);
  });

  it("ends a job that no registered agent can run as not-run, with what is missing", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    await services.submit(["3.14"]);
    services.advance(59_000);
    await services.liveness.check();
    expect((await services.store.jobs(1))[0]).toMatchObject({ state: "ready" });
    services.advance(2_000);
    await services.liveness.check();
    const [build, test] = await services.store.jobs(1);
    expect(build).toMatchObject({ outcome: "not-run", summary: "no agent has CPython 3.14 on linux-x86_64" });
    expect(test).toMatchObject({ outcome: "not-run", summary: "build-cp314-linux-x86_64 ended as not-run" });
    await services.judge.idle();
    expect(await services.store.run(1)).toMatchObject({ verdict: "inconclusive" });
  });
});
