import { mkdirSync } from "node:fs";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { dirname } from "node:path";
import { connect as connectTls } from "node:tls";
import { CONSUMERS, STREAMS, SUBJECTS } from "@kiln/proto";
import { startNatsServer, temporaryFolder, type NatsServer } from "@kiln/testkit";
import { AckPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, credsAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  isNatsUserKey,
  makeNatsTrust,
  makeNatsUser,
  natsAgentJwt,
  natsCoordinator,
  natsCreds,
  natsInboxPrefix,
  natsSystemUser,
  natsTls,
  openFarmIdentity,
  revokeNatsUser,
  type FarmIdentity,
  type NatsCredentials,
} from "../index.ts";

const nowMs = Date.now();
const DAY_MS = 86_400_000;

interface Farm extends AsyncDisposable {
  readonly identity: FarmIdentity;
  readonly server: NatsServer;
  readonly coordinator: NatsConnection;
  user(credentials: NatsCredentials, options?: object): Promise<NatsConnection>;
  agent(agentId: string, notAfterMs?: number): Promise<NatsCredentials & { readonly publicKey: string }>;
}

/** A nats-server of a new farm, with the stream of assignments and the consumers of agents "a" and "b". */
async function startFarm(): Promise<Farm> {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder());
  const identity = await openFarmIdentity(`${folder.path}/identity`, { nowMs });
  const server = stack.use(await startNatsServer({ dir: folder.path, identity }));
  const user = async ({ jwt, seed }: NatsCredentials, options: object = {}) => {
    const connection = await connect({
      servers: server.url,
      tls: natsTls(identity.authority.certificatePem, server.url),
      authenticator: credsAuthenticator(new TextEncoder().encode(natsCreds(jwt, seed))),
      reconnect: false,
      ...options,
    });
    stack.defer(() => connection.close());
    return connection;
  };
  const coordinator = await user(await natsCoordinator(identity.nats));
  const manager = await jetstreamManager(coordinator);
  await manager.streams.add({ name: STREAMS.assignments.name, subjects: [...STREAMS.assignments.subjects] });
  for (const agentId of ["a", "b"]) {
    await manager.consumers.add(STREAMS.assignments.name, {
      durable_name: CONSUMERS.assignments.durableName(agentId),
      filter_subject: CONSUMERS.assignments.filterSubject(agentId),
      ack_policy: AckPolicy.Explicit,
    });
  }
  const agent = async (agentId: string, notAfterMs = nowMs + DAY_MS) => {
    const { seed, publicKey } = makeNatsUser();
    return { seed, publicKey, jwt: await natsAgentJwt(identity.nats, { agentId, publicKey, notAfterMs }) };
  };
  return { identity, server, coordinator, user, agent, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** The first thing the server complains of. */
async function firstError(connection: NatsConnection): Promise<string> {
  for await (const status of connection.status()) if (status.type === "error") return status.error.message;
  throw new Error("the connection ended without a complaint");
}

/** What a server sends that speaks before its TLS handshake, as NATS does. */
async function certificateOf(port: number): Promise<string> {
  const plain = connectTcp({ host: "127.0.0.1", port });
  await once(plain, "data");
  const socket = connectTls({ socket: plain, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const certificate = socket.getPeerX509Certificate()?.toString() ?? "";
  socket.destroy();
  return certificate;
}

const inbox = (agentId: string) => ({ inboxPrefix: natsInboxPrefix(agentId) });

describe("an agent's NATS user, on a real nats-server", () => {
  let farm: Farm;
  beforeAll(async () => {
    farm = await startFarm();
  });
  afterAll(() => farm[Symbol.asyncDispose]());

  it("publishes the agent's heartbeat and is heard", async () => {
    const heard = farm.coordinator.subscribe(SUBJECTS.heartbeat.all, { max: 1 });
    await farm.coordinator.flush();
    const agent = await farm.user(await farm.agent("a"), inbox("a"));
    agent.publish(SUBJECTS.heartbeat.of("a"), "alive");
    for await (const message of heard) expect(message.subject).toBe("kiln.agents.a.heartbeat");
  });

  it("takes the agent's assignments and acknowledges them", async () => {
    await jetstream(farm.coordinator).publish(SUBJECTS.assignments.of("a"), "work");
    const agent = await farm.user(await farm.agent("a"), inbox("a"));
    const { stream, durableName } = CONSUMERS.assignments;
    const consumer = await jetstream(agent).consumers.get(stream, durableName("a"));
    const message = await consumer.next({ expires: 5_000 });
    expect(message?.string()).toBe("work");
    expect(await message?.ackAck()).toBe(true);
  });

  it("hears what the coordinator says to the agent", async () => {
    const agent = await farm.user(await farm.agent("a"), inbox("a"));
    const control = agent.subscribe(SUBJECTS.control.of("a"), { max: 1 });
    await agent.flush();
    farm.coordinator.publish(SUBJECTS.control.of("a"), "cancel");
    for await (const message of control) expect(message.string()).toBe("cancel");
  });

  it.each([
    SUBJECTS.heartbeat.of("b"),
    SUBJECTS.control.of("a"),
    SUBJECTS.assignments.of("a"),
    `$JS.API.CONSUMER.MSG.NEXT.${STREAMS.assignments.name}.agent-b`,
    `$JS.API.CONSUMER.DELETE.${STREAMS.assignments.name}.agent-a`,
    `$JS.API.STREAM.PURGE.${STREAMS.assignments.name}`,
    `$JS.ACK.${STREAMS.assignments.name}.agent-b.1.1.1.1.1`,
    "$SYS.REQ.CLAIMS.UPDATE",
    "_INBOX_b.reply",
  ])("is refused when it publishes to %s", async (subject) => {
    const agent = await farm.user(await farm.agent("a"), inbox("a"));
    const complaint = firstError(agent);
    agent.publish(subject, "x");
    expect(await complaint).toMatch(/permissions violation for publish/i);
  });

  it.each([
    SUBJECTS.control.of("b"),
    SUBJECTS.assignments.of("b"),
    SUBJECTS.heartbeat.all,
    ">",
    "_INBOX_b.>",
    "$SYS.>",
  ])("is refused when it subscribes to %s", async (subject) => {
    await using farm = await startFarm();
    const agent = await farm.user(await farm.agent("a"), inbox("a"));
    const complaint = firstError(agent);
    agent.subscribe(subject, { callback: () => undefined });
    expect(await complaint).toMatch(/permissions violation for subscription/i);
  });

  it("is cut at once when it is revoked, and cannot come back", async () => {
    await using farm = await startFarm();
    const revoked = await farm.agent("a");
    const stays = await farm.user(await farm.agent("b"), inbox("b"));
    const agent = await farm.user(revoked, inbox("a"));
    const trust = await revokeNatsUser(farm.identity.nats, {
      publicKey: revoked.publicKey,
      nowMs: Date.now(),
      lifetimeMaxMs: DAY_MS,
    });
    const system = await farm.user(await natsSystemUser(farm.identity.nats));
    const answer = await system.request("$SYS.REQ.CLAIMS.UPDATE", trust.account.jwt);
    expect(answer.json()).toMatchObject({ data: { code: 200 } });
    expect(await agent.closed()).toMatchObject({
      message: expect.stringMatching(/revoked|authorization|authentication/i),
    });
    await expect(farm.user(revoked)).rejects.toThrow(/authorization violation/i);
    await stays.flush();
    expect(stays.isClosed()).toBe(false);

    // Also when the server starts again with nothing but its configuration.
    await farm.server.kill();
    const identity = { ...farm.identity, nats: trust };
    const dir = `${dirname(farm.identity.folder)}/again`;
    mkdirSync(dir);
    await using _again = await startNatsServer({ dir, identity, port: farm.server.port });
    await expect(farm.user(revoked)).rejects.toThrow(/authorization violation/i);
  });

  it("is refused when its JWT has run out, or another farm's account signed it", async () => {
    await expect(farm.user(await farm.agent("a", nowMs - 1_000))).rejects.toThrow(/authorization|expired/i);
    const { seed, publicKey } = makeNatsUser();
    const other = await makeNatsTrust({ farm: "other" });
    const jwt = await natsAgentJwt(other, { agentId: "a", publicKey, notAfterMs: nowMs + DAY_MS });
    await expect(farm.user({ jwt, seed })).rejects.toThrow(/authorization violation/i);
  });
});

describe("the nats-server of a farm", () => {
  it("refuses whoever brings no credentials or does not trust its certificate", async () => {
    await using farm = await startFarm();
    const ca = farm.identity.authority.certificatePem;
    const tls = natsTls(ca, farm.server.url);
    await expect(connect({ servers: farm.server.url, tls, reconnect: false })).rejects.toThrow(/authorization/i);
    await expect(connect({ servers: farm.server.url, reconnect: false })).rejects.toThrow(/certificate|signed|verify/i);
    const other = { servers: farm.server.url, tls: natsTls(ca, "nats://10.1.2.3:4222"), reconnect: false };
    await expect(connect(other)).rejects.toThrow(/10\.1\.2\.3 is not in the cert's list/);
  });

  it("takes a renewed certificate on SIGHUP, and those who were connected come back by themselves", async () => {
    await using farm = await startFarm();
    const options = { reconnect: true, reconnectTimeWait: 20, ...inbox("a") };
    const agent = await farm.user(await farm.agent("a"), options);
    // nats-server 2.9 ends every connection of accounts that have a resolver when it reads its configuration.
    const back = (async () => {
      for await (const status of agent.status()) if (status.type === "reconnect") return;
    })();
    const { server } = await openFarmIdentity(farm.identity.folder, {
      nowMs,
      names: ["127.0.0.1", "another.example"],
    });
    farm.server.process.kill("SIGHUP");
    await back;
    await agent.flush();
    expect(await certificateOf(farm.server.port)).toBe(server.certificatePem);
  });
});

describe("the list of revoked users", () => {
  it("drops who could not come back anyhow, because the JWT has run out", async () => {
    const trust = await makeNatsTrust({ farm: "test" });
    const [a, b] = [makeNatsUser().publicKey, makeNatsUser().publicKey];
    const first = await revokeNatsUser(trust, { publicKey: a, nowMs, lifetimeMaxMs: DAY_MS });
    const second = await revokeNatsUser(first, { publicKey: b, nowMs: nowMs + 2 * DAY_MS, lifetimeMaxMs: DAY_MS });
    expect([first.revokedMs, second.revokedMs]).toEqual([{ [a]: nowMs }, { [b]: nowMs + 2 * DAY_MS }]);
  });
});

describe("a user's public key", () => {
  it("is told from anything else", () => {
    expect(isNatsUserKey(makeNatsUser().publicKey)).toBe(true);
    for (const text of ["", "U", makeNatsUser().seed, `U${"A".repeat(55)}`]) expect(isNatsUserKey(text)).toBe(false);
  });
});
