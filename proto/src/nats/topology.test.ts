import { create } from "@bufbuild/protobuf";
import { startNatsServer, temporaryFolder } from "@kiln/testkit";
import {
  AckPolicy,
  DiscardPolicy,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
} from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { agent, CONSUMERS, isAgentId, job, STREAMS, SUBJECTS } from "../index.ts";

const NS_PER_MS = 1_000_000;
const token = "a-token-of-this-test";

const retention = { workqueue: RetentionPolicy.Workqueue };
const storage = { file: StorageType.File };
const discard = { new: DiscardPolicy.New };

async function makeStream(manager: JetStreamManager, change: { readonly maxMessagesPerSubject?: number } = {}) {
  const table = { ...STREAMS.assignments, ...change };
  return manager.streams.add({
    name: table.name,
    subjects: [...table.subjects],
    retention: retention[table.retention],
    storage: storage[table.storage],
    discard: discard[table.discard],
    max_msgs: table.maxMessages,
    max_msgs_per_subject: table.maxMessagesPerSubject,
    discard_new_per_subject: table.discardNewPerSubject,
    max_msg_size: table.maxMessageBytes,
  });
}

function makeConsumer(manager: JetStreamManager, agentId: string) {
  const table = CONSUMERS.assignments;
  return manager.consumers.add(table.stream, {
    durable_name: table.durableName(agentId),
    filter_subject: table.filterSubject(agentId),
    ack_policy: AckPolicy.Explicit,
    ack_wait: table.ackWaitMs * NS_PER_MS,
    max_deliver: table.maxDeliver,
    max_ack_pending: table.maxAckPending,
  });
}

interface Farm extends AsyncDisposable {
  readonly nc: NatsConnection;
  readonly manager: JetStreamManager;
}

async function startFarm(): Promise<Farm> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder());
  const server = stack.use(await startNatsServer({ dir: folder.path, token }));
  const nc = await connect({ servers: server.url, token });
  stack.defer(() => nc.close());
  const manager = await jetstreamManager(nc);
  const owned = stack.move();
  return { nc, manager, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const assignment = (attempt: number): Uint8Array =>
  SUBJECTS.assignments.encode(
    create(job.AssignmentSchema, { attempt: { run: 7, job: 2, attempt }, leaseTtlMs: 15_000 }),
  );

describe("the table of streams and consumers, on a real nats-server", () => {
  it("makes a stream and a consumer that the server reports as the table says", async () => {
    await using farm = await startFarm();
    const stream = await makeStream(farm.manager);
    expect(stream.config).toMatchObject({
      name: STREAMS.assignments.name,
      subjects: ["kiln.agents.*.assignments"],
      retention: "workqueue",
      storage: "file",
      discard: "new",
      max_msgs: STREAMS.assignments.maxMessages,
      max_msgs_per_subject: STREAMS.assignments.maxMessagesPerSubject,
      max_msg_size: STREAMS.assignments.maxMessageBytes,
    });
    const consumer = await makeConsumer(farm.manager, "agent-1");
    expect(consumer.config).toMatchObject({
      durable_name: "agent-agent-1",
      filter_subject: "kiln.agents.agent-1.assignments",
      max_deliver: CONSUMERS.assignments.maxDeliver,
      max_ack_pending: CONSUMERS.assignments.maxAckPending,
    });
  });

  it("can be made a second time, as a coordinator that starts again does", async () => {
    await using farm = await startFarm();
    for (const _time of ["first", "second"]) {
      await makeStream(farm.manager);
      await makeConsumer(farm.manager, "a");
    }
    expect(await farm.manager.streams.names().next()).toEqual([STREAMS.assignments.name]);
  });

  it("delivers an assignment to the consumer of its agent, to no other, and drops it once acknowledged", async () => {
    await using farm = await startFarm();
    await makeStream(farm.manager);
    await makeConsumer(farm.manager, "a");
    await makeConsumer(farm.manager, "b");
    const js = jetstream(farm.nc);
    await js.publish(SUBJECTS.assignments.of("a"), assignment(1));

    const { stream, durableName } = CONSUMERS.assignments;
    const [a, b] = await Promise.all(["a", "b"].map((id) => js.consumers.get(stream, durableName(id))));
    expect((await b?.info())?.num_pending).toBe(0);
    const message = await a?.next({ expires: 5_000 });
    if (!message) throw new Error("nothing was delivered");
    expect(SUBJECTS.assignments.decode(message.data)).toMatchObject({
      attempt: { run: 7, job: 2, attempt: 1 },
      leaseTtlMs: 15_000,
    });
    expect(await message.ackAck()).toBe(true);
    expect((await farm.manager.streams.info(stream)).state.messages).toBe(0);
  });

  it("refuses an assignment beyond the limit of its agent, and goes on for the others", async () => {
    await using farm = await startFarm();
    await makeStream(farm.manager, { maxMessagesPerSubject: 2 });
    const js = jetstream(farm.nc);
    const publish = (agentId: string) => js.publish(SUBJECTS.assignments.of(agentId), assignment(1));
    await publish("a");
    await publish("a");
    await expect(publish("a")).rejects.toThrow(/maximum messages per subject/u);
    await expect(publish("b")).resolves.toMatchObject({ stream: STREAMS.assignments.name });
  });

  it("refuses a message that is larger than the table allows", async () => {
    await using farm = await startFarm();
    await makeStream(farm.manager);
    const large = new Uint8Array(STREAMS.assignments.maxMessageBytes + 1);
    const published = jetstream(farm.nc).publish(SUBJECTS.assignments.of("a"), large);
    await expect(published).rejects.toThrow(/payload|size/iu);
  });

  it("carries heartbeats and control messages to those who listen", async () => {
    await using farm = await startFarm();
    const heartbeats = farm.nc.subscribe(SUBJECTS.heartbeat.all, { max: 1 });
    const control = farm.nc.subscribe(SUBJECTS.control.of("a"), { max: 1 });
    const beat = create(agent.HeartbeatSchema, { agentId: "a", spoolBytes: 2n ** 40n });
    farm.nc.publish(SUBJECTS.heartbeat.of("a"), SUBJECTS.heartbeat.encode(beat));
    const cancel = create(agent.ControlSchema, { command: { case: "cancel", value: { reason: "asked" } } });
    farm.nc.publish(SUBJECTS.control.of("a"), SUBJECTS.control.encode(cancel));
    for await (const message of heartbeats) {
      expect(message.subject).toBe("kiln.agents.a.heartbeat");
      expect(SUBJECTS.heartbeat.decode(message.data)).toEqual(beat);
    }
    for await (const message of control) expect(SUBJECTS.control.decode(message.data)).toEqual(cancel);
  });
});

describe("subjects", () => {
  it("throw for bytes that are not their message", () => {
    expect(() => SUBJECTS.assignments.decode(new Uint8Array([0x0a, 0xff]))).toThrow();
  });

  it("have one token for the agent, whatever its id", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/u), (text) => {
        expect(isAgentId(text)).toBe(true);
        expect(SUBJECTS.control.of(text).split(".")).toEqual(["kiln", "agents", text, "control"]);
      }),
    );
  });

  it.each(["", "a.b", "*", ">", "a b", "A", "-a", "a/b", "..", "a\n", "é", "a".repeat(64)])(
    "do not accept %j as the id of an agent",
    (text) => {
      expect(isAgentId(text)).toBe(false);
    },
  );
});
