import { describe, expect, it, vi } from "vitest";
import type { HealthReport } from "../domain/health-report.ts";
import { findAttempt } from "../domain/farm-state.ts";
import { agentRow, gpuRow, NO_READINGS, TESTER, twoStepPlan } from "../domain/testing.ts";
import { FakePeer, servicesInFolder, type Services } from "./testing.ts";

const FIRST = { run: 1, job: 0, attempt: 1 };
const SECOND = { ...FIRST, attempt: 2 };
const failing = (device: string): HealthReport => ({
  moment: "after-job",
  attempt: FIRST,
  atMs: 1,
  checks: [{ name: "kernel", device, status: "failed", detail: "wrong sum" }],
});

async function finish(services: Services, agentId: string, key = FIRST): Promise<void> {
  const peer = new FakePeer(agentId);
  const started = { type: "started", pythonVersion: "3.12.1" } as const;
  const outcome = { outcome: "build-failed", summary: "it broke", excerpt: "", logBytesDropped: 0 } as const;
  const frames = [
    { seq: 1, atMs: 1, body: started },
    { seq: 2, atMs: 2, body: { type: "finished", ...outcome } as const },
  ];
  await services.ingest.accept(peer, [{ key, frames }]);
  await peer.until(() => peer.acks.some(({ seq }) => seq === 2));
}

/** A machine with a GPU that each job of the run needs. */
async function registerWithGpu(services: Services, agentId: string): Promise<void> {
  const row = agentRow(agentId, 1, ["3.12"]);
  const inventory = { ...row.inventory, gpus: [gpuRow(`GPU-${agentId}`)] };
  await services.registry.register({ ...row, hostId: agentId, inventory });
}

function gpuPlan() {
  const plan = twoStepPlan(["3.12"]);
  const gpu = { computeCapability: null, model: null, cuda: null, driver: null };
  return { ...plan, jobs: plan.jobs.map((job) => ({ ...job, requirement: { ...job.requirement, gpu } })) };
}

describe("an agent that is drained", () => {
  it("gives back what it has not begun, when it has let go of it, and gets nothing new after a restart of the coordinator", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    await services.submit(["3.12"]);
    expect(await services.agents.setMode("a", "draining", "disk", TESTER)).toEqual({ ok: true, agentId: "a" });
    expect(services.bus.stops).toMatchObject([{ agentId: "a", key: FIRST }]);
    // The agent holds the lease until it says that it has stopped.
    expect(findAttempt(services.farm, FIRST)).toBeDefined();
    const again = await services.restart();
    expect(again.farm.agents.get("a")?.mode).toMatchObject({ name: "draining", reason: "disk" });
    again.liveness.heartbeat({
      agentId: "a",
      sessionId: "s1",
      attempts: [FIRST],
      diskFreeBytes: 1,
      spoolBytes: 0,
      readings: NO_READINGS,
    });
    expect(again.bus.stops).toMatchObject([{ agentId: "a", key: FIRST }]);
    await again.register("b");
    const peer = new FakePeer("a");
    const ended = { type: "finished", outcome: "cancelled", summary: "", excerpt: "", logBytesDropped: 0 } as const;
    await again.ingest.accept(peer, [{ key: FIRST, frames: [{ seq: 1, atMs: 1, body: ended }] }]);
    await peer.until(() => peer.acks.length > 0);
    expect(findAttempt(again.farm, SECOND)?.agentId).toBe("b");
    expect(await again.store.job(1, 0)).toMatchObject({ state: "assigned", retriesLeft: 2, replaysLeft: 3 });
    expect(await again.store.attempt(FIRST)).toMatchObject({ outcome: "cancelled" });
    expect((await again.store.attempt(FIRST))?.summary).toBe("taken back before it began: a is draining");
  });

  it("is one while a maintenance window is near, by the clock alone", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    const window = { fromMs: 1_000_000 + 3_600_000, toMs: 1_000_000 + 7_200_000, reason: "fans" };
    await services.agents.addWindow("a", window, TESTER);
    await services.liveness.check();
    expect(services.farm.agents.get("a")?.mode.name).toBe("active");
    services.advance(1_800_000);
    await services.liveness.check();
    expect(services.farm.agents.get("a")?.mode.name).toBe("draining");
    const { agentId, windows } = (await services.queries.agent("a")) ?? {};
    expect([agentId, windows]).toEqual(["a", [{ ...window, id: 1, weekly: false, aheadMs: 1_800_000 }]]);
    expect(await services.agents.removeWindow("a", 1, TESTER)).toEqual({ ok: true, agentId: "a" });
    expect(services.farm.agents.get("a")?.mode.name).toBe("active");
  });
});

describe("a GPU that fails its health check", () => {
  it("is quarantined; its job is replayed elsewhere, with the log and the record of both attempts", async () => {
    await using services = await servicesInFolder();
    await registerWithGpu(services, "a");
    await services.submit(["3.12"], gpuPlan());
    await registerWithGpu(services, "b");
    expect(await services.agents.reportHealth("a", failing("GPU-a"))).toBe(true);
    await finish(services, "a");
    expect(findAttempt(services.farm, SECOND)).toMatchObject({ agentId: "b", devices: { gpus: ["GPU-b"] } });
    expect(await services.store.job(1, 0)).toMatchObject({ retriesLeft: 2, replaysLeft: 2, avoid: ["a"] });
    const [first, second] = await services.store.attempts(1, 0);
    expect(first).toMatchObject({ outcome: "infrastructure", devices: { gpus: ["GPU-a"] } });
    expect(first?.summary).toBe(
      "GPU-a of a failed its health check kernel: wrong sum; the attempt had ended as build-failed: it broke",
    );
    await finish(services, "b", SECOND);
    expect((await services.store.attempts(1, 0))[1]).toMatchObject({ outcome: "build-failed", unhealthy: "" });
    expect(second?.state).toBe("assigned");
    // It stays so after a restart, until an operator clears it.
    const again = await services.restart();
    const gpuOf = async () => (await again.queries.agent("a"))?.gpus[0]?.health.name;
    expect(await gpuOf()).toBe("quarantined");
    expect((await again.queries.agent("a"))?.reports).toMatchObject([{ moment: "after-job", attempt: { run: "r1" } }]);
    expect(await again.agents.clear("a", "GPU-b", TESTER)).toMatchObject({ ok: false, reason: "no-such-gpu" });
    await again.agents.clear("a", "GPU-a", TESTER);
    expect([await gpuOf(), again.bus.checksAsked]).toEqual(["good", ["a"]]);
  });

  it("cannot be another machine's: a check of what the agent does not have quarantines the agent", async () => {
    await using services = await servicesInFolder();
    await registerWithGpu(services, "a");
    await registerWithGpu(services, "b");
    await services.agents.reportHealth("a", { ...failing("GPU-b"), attempt: null });
    const health = async (agent: string) => (await services.queries.agent(agent))?.health.name;
    expect([await health("a"), await health("b")]).toEqual(["quarantined", "good"]);
    expect((await services.queries.agent("b"))?.gpus[0]?.health.name).toBe("good");
  });
});

it("an agent that is lost is suspect and looked at, until a check finds it well", async () => {
  await using services = await servicesInFolder();
  await services.register("a");
  await services.submit(["3.12"]);
  services.advance(20_000);
  await services.liveness.check();
  expect(services.farm.agents.get("a")?.standing.health.name).toBe("suspect");
  expect(services.bus.checksAsked).toEqual(["a"]);
  const checks = [{ name: "disk", device: "", status: "ok" as const, detail: "" }];
  await services.agents.reportHealth("a", { moment: "asked", attempt: null, atMs: 1, checks });
  expect(services.farm.agents.get("a")?.standing.health.name).toBe("good");
});

it("an agent is named by its id, or by a name that it alone has", async () => {
  await using services = await servicesInFolder();
  for (const agentId of ["a-1", "a-2"]) await services.registry.register({ ...agentRow(agentId, 1, []), name: "a" });
  expect(await services.agents.setMode("a", "paused", "", TESTER)).toMatchObject({
    reason: "ambiguous-agent",
    detail: "2 agents are called a: say which by id, a-1, a-2",
  });
  expect(await services.agents.setMode("b", "paused", "", TESTER)).toMatchObject({ reason: "no-such-agent" });
  expect(await services.agents.setMode("a-2", "paused", "", TESTER)).toEqual({ ok: true, agentId: "a-2" });
  const backwards = { fromMs: 2, toMs: 1 };
  expect(await services.agents.addWindow("a-1", backwards, TESTER)).toMatchObject({
    reason: "bad-window",
    detail: "a maintenance window ends after it begins",
  });
});

it("why a job waits is told with who could run it and what it runs", async () => {
  await using services = await servicesInFolder();
  await services.register("a");
  await services.submit(["3.12"]);
  await services.submit(["3.12"]);
  const why = async (run: number, job: string) => (await services.queries.job(run, job))?.why;
  expect(await why(2, "build-cp312-linux-x86_64")).toBe(
    "waits for a slot: 1 agent has CPython 3.12 on linux-x86_64, its slot is busy; " +
      "a runs build-cp312-linux-x86_64 of r1",
  );
  expect(await why(2, "test-cp312-linux-x86_64")).toContain("it waits for build-cp312-linux-x86_64, which waits for a");
  expect(await why(1, "build-cp312-linux-x86_64")).toBe("it was given to a, which has not begun yet");
});

it("a change by an operator is committed together with the row that tells of it, and a refused one leaves none", async () => {
  await using services = await servicesInFolder();
  await registerWithGpu(services, "a");
  await services.agents.reportHealth("a", { ...failing("GPU-a"), attempt: null });
  const commit = vi.spyOn(services.store, "commit");
  await services.agents.setMode("a", "draining", "disk", TESTER);
  await services.agents.addWindow("a", { fromMs: 2_000_000, toMs: 3_000_000, reason: "fans" }, TESTER);
  await services.agents.removeWindow("a", 1, TESTER);
  await services.agents.clear("a", "GPU-a", TESTER);
  expect(commit.mock.calls.map(([ops]) => ops.map(({ op }) => op))).toEqual([
    ["upsert-standing", "audit"],
    ["upsert-standing", "audit"],
    ["upsert-standing", "audit"],
    ["upsert-device", "audit"],
  ]);
  await services.agents.removeWindow("a", 7, TESTER);
  await services.agents.clear("a", "GPU-b", TESTER);
  const rows = await services.audit.page({ before: null, sinceMs: null, who: null, what: null, limit: 10 });
  expect(rows.map(({ who, what, object, detail }) => [who, what, object, detail]).toReversed()).toEqual([
    [TESTER.who, "agent.mode", "a", "draining: disk"],
    [TESTER.who, "agent.mode", "a", "a maintenance window from 1970-01-01 00:33 UTC to 1970-01-01 00:50 UTC: fans"],
    [TESTER.who, "agent.mode", "a", "maintenance window 1 is taken back"],
    [TESTER.who, "agent.health", "a", "cleared: GPU-a"],
  ]);
});
