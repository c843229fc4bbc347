import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { create } from "@bufbuild/protobuf";
import { agent as wire, job as jobWire } from "@kiln/proto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dummyLine } from "./domain/dummy-script.ts";
import { FakeFarm } from "./testing/fake-farm.ts";
import type { AgentHandle } from "./start-agent.ts";

const { Outcome } = jobWire;

let farm: FakeFarm;
let stack: AsyncDisposableStack;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  farm = stack.use(await FakeFarm.start());
});
afterEach(async () => stack.disposeAsync());

async function startAgent(...args: Parameters<FakeFarm["startAgent"]>): Promise<AgentHandle> {
  const agent = stack.use(await farm.startAgent(...args));
  await farm.prepare(agent.agentId);
  await agent.registered;
  return agent;
}

const finished = (key: string) => farm.coordinator.finishedOf(key);
const until = (isTrue: () => boolean) => farm.coordinator.board.until(isTrue);
/** A heartbeat from now on that is as wanted. */
function laterHeartbeat(isWanted: (heartbeat: wire.Heartbeat) => boolean): Promise<void> {
  const { length } = farm.heartbeats;
  return until(() => farm.heartbeats.slice(length).some(isWanted));
}
const cancel = (ref: { run: number; job: number; attempt: number }) =>
  ({ case: "cancel", value: create(wire.CancelAttemptSchema, { attempt: ref, reason: "by hand" }) }) as const;

describe("an agent", () => {
  test("joins by its token, registers, runs what it is assigned, and empties its spool", async () => {
    const agent = await startAgent();
    expect(farm.coordinator.registrations[0]).toMatchObject({
      agentId: agent.agentId,
      slots: 4,
      name: "test agent",
      executors: ["dummy"],
    });
    const keys = await Promise.all(
      [0, 1, 2].map((job) => farm.assign(agent.agentId, job, job === 1 ? "fail" : "pass")),
    );
    await until(() => keys.every(finished));
    expect(keys.map((key) => finished(key)?.outcome)).toEqual([Outcome.PASSED, Outcome.TESTS_FAILED, Outcome.PASSED]);
    await laterHeartbeat(({ attempts }) => attempts.length === 0);
    expect(agent.stats()).toMatchObject({ running: 0, waiting: 0, spooled: 0, unacknowledgedBytes: 0 });
  });

  test("lists what it holds in every heartbeat", async () => {
    const agent = await startAgent();
    await farm.assign(agent.agentId, 7, "hang");
    await until(() => farm.heartbeats.at(-1)?.attempts[0]?.job === 7);
    expect(farm.heartbeats.at(-1)).toMatchObject({
      agentId: agent.agentId,
      attempts: [{ run: 1, job: 7, attempt: 1 }],
    });
  });

  test("cancels what is cancelled", async () => {
    const agent = await startAgent();
    const key = await farm.assign(agent.agentId, 0, "hang");
    await until(() => farm.coordinator.framesOf(key).length === 1);
    farm.control(agent.agentId, cancel({ run: 1, job: 0, attempt: 1 }));
    await until(() => finished(key) !== null);
    expect(finished(key)).toMatchObject({ outcome: Outcome.CANCELLED, summary: "by hand" });
  });

  test("registers again when asked, and when its consumer is not there", async () => {
    const agent = stack.use(await farm.startAgent());
    // Without a consumer it keeps asking until there is one.
    await until(() => farm.coordinator.registrations.length >= 2);
    await farm.prepare(agent.agentId);
    const key = await farm.assign(agent.agentId, 0, "pass");
    await until(() => finished(key) !== null);
    const before = farm.coordinator.registrations.length;
    farm.control(agent.agentId, { case: "registerAgain", value: create(wire.RegisterAgainSchema) });
    await until(() => farm.coordinator.registrations.length > before);
    expect(farm.coordinator.registrations.at(-1)?.agentId).toBe(agent.agentId);
  });

  test("uploads a dummy build's wheel once for the same candidate", async () => {
    const agent = await startAgent();
    const first = await farm.assign(agent.agentId, 0, "pass", "build");
    await until(() => finished(first) !== null);
    const second = await farm.assign(agent.agentId, 1, "pass", "build");
    await until(() => finished(second) !== null);
    const artifacts = [first, second].map((key) =>
      farm.coordinator.framesOf(key).flatMap(({ body }) => (body.case === "artifact" ? [body.value.blob?.sha256] : [])),
    );
    expect(artifacts[0]).toHaveLength(1);
    expect(artifacts[1]).toEqual(artifacts[0]);
    expect(farm.https.blobs.has(artifacts[0]?.[0] ?? "")).toBe(true);
    expect(farm.https.uploads).toBe(1);
  });

  test("goes on while the coordinator is away, and loses no byte of a log", async () => {
    const agent = await startAgent();
    const key = await farm.assign(agent.agentId, 0, "lines 300000");
    await until(() => farm.coordinator.framesOf(key).length > 5);
    farm.coordinator.stop();
    const whileAway = await farm.assign(agent.agentId, 1, "lines 1000");
    await until(() => farm.heartbeats.at(-1)?.attempts.length === 2);
    await farm.coordinator.start();
    await until(() => [key, whileAway].every(finished));
    const log = farm.coordinator.logOf(key).toString();
    expect(log).toHaveLength(300_000 * dummyLine(1).length);
    expect(log.endsWith(dummyLine(300_000))).toBe(true);
    expect(farm.coordinator.violations).toEqual([]);
  });

  test("goes on taking assignments after NATS was killed", async () => {
    const agent = await startAgent();
    const before = await farm.assign(agent.agentId, 0, "hang");
    await until(() => farm.coordinator.framesOf(before).length === 1);
    await farm.killNats();
    await farm.startNats();
    const after = await farm.assign(agent.agentId, 1, "pass");
    await until(() => finished(after) !== null);
    await until(() => farm.heartbeats.at(-1)?.attempts.length === 1);
    expect(finished(before)).toBeNull();
  });

  test("holds a flood back at the limit of its spool, and goes on when it is taken", async () => {
    const agent = await startAgent({ spoolBytesMax: 2_000_000 });
    farm.coordinator.isAcknowledging = false;
    const key = await farm.assign(agent.agentId, 0, "flood 20000000");
    await until(() => Number(farm.heartbeats.at(-1)?.spoolBytes ?? 0) > 2_000_000);
    expect(agent.stats().unacknowledgedBytes).toBeLessThan(2_200_000);
    farm.coordinator.isAcknowledging = true;
    farm.coordinator.acknowledge();
    await until(() => finished(key) !== null);
    expect(farm.coordinator.logOf(key)).toHaveLength(20_000_000);
  });

  test("stops an attempt that is refused, and says nothing more of it", async () => {
    const agent = await startAgent();
    farm.coordinator.refusing.add("1.0.1");
    await farm.assign(agent.agentId, 0, "hang");
    const other = await farm.assign(agent.agentId, 1, "pass");
    await until(() => finished(other) !== null);
    await laterHeartbeat(({ attempts }) => attempts.length === 0);
    expect(agent.stats()).toMatchObject({ running: 0, spooled: 0 });
    expect(farm.coordinator.framesOf("1.0.1")).toEqual([]);
  });

  test("that is stopped reports its jobs as lost, so that they are tried again", async () => {
    const agent = await startAgent();
    const keys = await Promise.all([0, 1].map((job) => farm.assign(agent.agentId, job, "hang")));
    await until(() => keys.every((key) => farm.coordinator.framesOf(key).length === 1));
    await agent[Symbol.asyncDispose]();
    expect(keys.map((key) => finished(key)?.outcome)).toEqual([Outcome.AGENT_LOST, Outcome.AGENT_LOST]);
    expect(readdirSync(`${farm.config.folder}/spool`)).toEqual([]);
  });

  test("does not share its home", async () => {
    const agent = await startAgent();
    await expect(farm.startAgent()).rejects.toThrow("another agent");
    await agent[Symbol.asyncDispose]();
    const next = stack.use(await farm.startAgent());
    expect(next.agentId).toBe(agent.agentId);
  });
});

describe("an agent process", { timeout: 60_000 }, () => {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));

  function startProcess(env: Record<string, string> = {}) {
    const child = spawn(process.execPath, [main], {
      env: { ...process.env, ...farm.env, ...env },
      stdio: ["ignore", "pipe", "ignore"],
    });
    stack.defer(() => void child.kill("SIGKILL"));
    return child;
  }

  async function readyLine(child: ReturnType<typeof startProcess>): Promise<{ ready: boolean; agentId: string }> {
    for await (const line of createInterface({ input: child.stdout }))
      return JSON.parse(line) as { ready: boolean; agentId: string };
    throw new Error("it ended before it was ready");
  }

  test("says when it is ready, ends with 0 when asked, and has then reported its jobs", async () => {
    const child = startProcess();
    const { ready, agentId } = await readyLine(child);
    expect(ready).toBe(true);
    await farm.prepare(agentId);
    const key = await farm.assign(agentId, 0, "hang");
    await until(() => farm.coordinator.framesOf(key).length === 1);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(finished(key)).toMatchObject({ outcome: Outcome.AGENT_LOST });
  });

  test("that was killed closes on its next start what it had not finished, and sends what it had", async () => {
    const child = startProcess({ KILN_SLOTS: "2" });
    const { agentId } = await readyLine(child);
    await farm.prepare(agentId);
    const hanging = await farm.assign(agentId, 0, "hang");
    await until(() => farm.coordinator.framesOf(hanging).length === 1);
    // Finished while nobody listens: known from the spool alone. With one slot left the agent dies after that.
    farm.coordinator.stop();
    await farm.assign(agentId, 1, "lines 10");
    const dying = await farm.assign(agentId, 2, "die");
    expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);
    await farm.coordinator.start();
    const again = startProcess();
    expect((await readyLine(again)).agentId).toBe(agentId);
    await until(() => [hanging, "1.1.1", dying].every(finished));
    expect(finished("1.1.1")?.outcome).toBe(Outcome.PASSED);
    expect(farm.coordinator.logOf("1.1.1").toString()).toBe([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(dummyLine).join(""));
    for (const key of [hanging, dying]) {
      expect(finished(key)).toMatchObject({
        outcome: Outcome.AGENT_LOST,
        summary: "the agent stopped while the job ran",
      });
    }
    expect(farm.coordinator.violations).toEqual([]);
  });

  test("with a wrong configuration says all that is wrong and ends with 64", async () => {
    const child = spawn(process.execPath, [main], {
      env: { PATH: process.env["PATH"] ?? "", KILN_SLOTS: "many", KILN_FARM_URL: "https://farm" },
      stdio: "pipe",
    });
    let text = "";
    child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
    expect(await once(child, "close")).toEqual([64, null]);
    expect(text).toContain('KILN_SLOTS is "many"');
    expect(text).toContain("KILN_JOIN_TOKEN is not");
  });
});
