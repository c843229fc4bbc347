import { join } from "node:path";
import { jetstream } from "@nats-io/jetstream";
import { connect, credsAuthenticator } from "@nats-io/transport-node";
import { create } from "@bufbuild/protobuf";
import { agent as wire, CONSUMERS, SUBJECTS } from "@kiln/proto";
import { natsCoordinator, natsCreds, natsTls, openFarmIdentity } from "@kiln/identity";
import { startNatsServer, temporaryFolder } from "@kiln/testkit";
import { pino } from "pino";
import { afterAll, describe, expect, it } from "vitest";
import { workOf } from "../../domain/job-work.ts";
import { twoStepPlan } from "../../domain/testing.ts";
import type { OutgoingAssignment } from "../../ports/agent-bus.ts";
import { openNatsBus } from "./agent-bus.ts";

const homes = temporaryFolder();
afterAll(() => homes[Symbol.dispose]());
const identity = await openFarmIdentity(join(homes.path, "identity"), { nowMs: Date.now() });
const log = pino({ level: "silent" });
const blob = { sha256: "b".repeat(64), sizeBytes: 5, filename: "demo-1.0.tar.gz" };

function assignment(attempt: number): OutgoingAssignment {
  const plan = twoStepPlan(["3.12"]);
  const [build] = plan.jobs;
  if (!build) throw new Error("the plan has a build");
  return {
    agentId: "a",
    key: { run: 1, job: 0, attempt },
    leaseTtlMs: 1_000,
    devices: { host: "agent:a", gpus: [], exclusive: false },
    work: workOf(plan, build, blob, null, null),
  };
}

const options = (url: string) => ({ url, identity, publishTimeoutMs: 2_000, connectTimeoutMs: 2_000 });

/** A connection that may do everything in the farm's account. */
async function connectTo(url: string) {
  const { jwt, seed } = await natsCoordinator(identity.nats);
  const authenticator = credsAuthenticator(new TextEncoder().encode(natsCreds(jwt, seed)));
  return connect({ servers: url, tls: natsTls(identity.authority.certificatePem, url), authenticator });
}

describe("the bus between coordinator and agents, on a real nats-server", () => {
  it("delivers an assignment to its agent's consumer, also when it was published before the agent came", async () => {
    using folder = temporaryFolder();
    await using server = await startNatsServer({ dir: folder.path, identity });
    await using bus = await openNatsBus(options(server.url), log);
    await bus.prepareAgent("a");
    await bus.prepareAgent("a");
    await bus.publishAssignment(assignment(1));
    const held = await bus.heldAssignments(Date.now() + 60_000);
    expect(held).toMatchObject({ undelivered: 1, unacknowledged: 0 });
    expect(held.oldestAgeMs).toBeGreaterThan(59_000);

    const agent = await connectTo(server.url);
    const { stream, durableName } = CONSUMERS.assignments;
    const consumer = await jetstream(agent).consumers.get(stream, durableName("a"));
    const message = await consumer.next({ expires: 5_000 });
    if (!message) throw new Error("nothing was delivered");
    expect(await bus.heldAssignments(Date.now())).toMatchObject({ undelivered: 0, unacknowledged: 1 });
    expect(await message.ackAck()).toBe(true);
    expect(await bus.heldAssignments(Date.now())).toEqual({ undelivered: 0, unacknowledged: 0, oldestAgeMs: 0 });
    const received = SUBJECTS.assignments.decode(message.data);
    expect(received.attempt).toMatchObject({ run: 1, job: 0, attempt: 1 });
    expect(received.job).toMatchObject({ name: "build-cp312-linux-x86_64", python: "3.12", work: { case: "build" } });
    await agent.close();
  });

  it("keeps assignments through a kill of the server and says when it is back", async () => {
    using folder = temporaryFolder();
    const first = await startNatsServer({ dir: folder.path, identity });
    await using bus = await openNatsBus(options(first.url), log);
    await bus.prepareAgent("a");
    await bus.publishAssignment(assignment(1));
    const back = new Promise<void>((resolve) => bus.onReconnected(resolve));

    await first.kill();
    await using server = await startNatsServer({ dir: folder.path, identity, port: first.port });
    await back;
    expect(bus.isConnected()).toBe(true);
    await bus.publishAssignment(assignment(2));

    const agent = await connectTo(server.url);
    const { stream, durableName } = CONSUMERS.assignments;
    const consumer = await jetstream(agent).consumers.get(stream, durableName("a"));
    const attempts = new Set<number | undefined>();
    for await (const message of await consumer.fetch({ max_messages: 2, expires: 5_000 })) {
      attempts.add(SUBJECTS.assignments.decode(message.data).attempt?.attempt);
    }
    expect(attempts).toEqual(new Set([1, 2]));
    await agent.close();
  });

  it("hands on heartbeats and drops those that are not one or speak for another agent", async () => {
    using folder = temporaryFolder();
    await using server = await startNatsServer({ dir: folder.path, identity });
    await using bus = await openNatsBus(options(server.url), log);
    const heard: string[] = [];
    const { promise: last, resolve } = Promise.withResolvers<void>();
    bus.onHeartbeat((heartbeat) => {
      heard.push(heartbeat.sessionId);
      if (heartbeat.sessionId === "last") resolve();
    });
    const agent = await connectTo(server.url);
    const beat = (agentId: string, sessionId: string) =>
      SUBJECTS.heartbeat.encode(create(wire.HeartbeatSchema, { agentId, sessionId }));
    agent.publish(SUBJECTS.heartbeat.of("a"), beat("a", "first"));
    agent.publish(SUBJECTS.heartbeat.of("a"), new Uint8Array([255, 255, 255]));
    agent.publish(SUBJECTS.heartbeat.of("a"), beat("b", "foreign"));
    agent.publish(SUBJECTS.heartbeat.of("a"), beat("a", "last"));
    await last;
    expect(heard).toEqual(["first", "last"]);
    await agent.close();
  });

  it("does not start at a server of another farm", async () => {
    using folder = temporaryFolder();
    const other = await openFarmIdentity(join(folder.path, "other"), { nowMs: Date.now() });
    await using server = await startNatsServer({ dir: folder.path, identity: other });
    await expect(openNatsBus(options(server.url), log)).rejects.toThrow(/signature|self-signed|verify/i);
    // Nor where the farm's certificate was taken, but not its keys.
    const copied = { ...identity, authority: other.authority };
    await expect(openNatsBus({ ...options(server.url), identity: copied }, log)).rejects.toThrow(/authorization/i);
  });
});
