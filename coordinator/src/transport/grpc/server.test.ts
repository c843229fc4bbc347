import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import { create } from "@bufbuild/protobuf";
import {
  credentials,
  makeClientConstructor,
  status,
  type ChannelCredentials,
  type Client,
  type ClientDuplexStream,
  type ServiceError,
} from "@grpc/grpc-js";
import {
  issueAgentCertificate,
  issueServerCertificate,
  makeAuthority,
  makeCertificateRequest,
  type Authority,
} from "@kiln/identity";
import { agent as wire, grpcService, job as jobWire, results } from "@kiln/proto";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { TESTER, twoStepPlan } from "../../domain/testing.ts";
import { servicesInFolder } from "../../services/testing.ts";
import { startGrpcServer } from "./server.ts";

const AgentClient = makeClientConstructor(grpcService(wire.AgentService), wire.AgentService.typeName);

type Results = ClientDuplexStream<wire.StreamResultsRequest, wire.StreamResultsResponse>;

const nowMs = Date.now();
const authority = await makeAuthority({ farm: "test", nowMs });

async function serverTls() {
  const server = await issueServerCertificate(authority, { names: ["127.0.0.1"], nowMs, lifetimeMs: 3_600_000 });
  return { authorityPem: authority.certificatePem, ...server };
}

/** The credentials of an agent that another authority may have signed. */
async function agentCredentials(agentId: string, by: Authority = authority): Promise<ChannelCredentials> {
  const { privateKeyPem, requestPem } = await makeCertificateRequest(agentId);
  const issued = await issueAgentCertificate(by, { requestPem, agentId, nowMs, lifetimeMs: 3_600_000 });
  if (!issued.ok) throw new Error(issued.message);
  const [ca, key, certificate] = [authority.certificatePem, privateKeyPem, issued.certificatePem].map(Buffer.from);
  return credentials.createSsl(ca, key, certificate);
}
const agentA = await agentCredentials("a");

async function serve() {
  const services = await servicesInFolder();
  const log = pino({ level: "silent" });
  const tls = await serverTls();
  const options = { address: "127.0.0.1:0", tls, heartbeatIntervalMs: 500, windowBytes: 1_000_000 };
  const revoked = new Set<string>();
  const identities = { isAgent: (agentId: string) => !revoked.has(agentId) };
  const { registry, ingest, attemptSecrets, audit, agents: health } = services;
  const updates = { registered: async () => {} };
  const parts = { registry, updates, ingest, attemptSecrets, audit, health, log, identities };
  const server = await startGrpcServer(parts, options);
  const clients: Client[] = [];
  const connect = (as: ChannelCredentials) => {
    const client = new AgentClient(server.address, as);
    clients.push(client);
    return {
      register: (request: wire.RegisterRequest) =>
        new Promise<wire.RegisterResponse>((resolve, reject) => {
          const done = (error: ServiceError | null, response: wire.RegisterResponse) =>
            error ? reject(error) : resolve(response);
          client["register"]?.(request, done);
        }),
      fetchSecrets: (request: wire.FetchSecretsRequest) =>
        new Promise<wire.FetchSecretsResponse>((resolve, reject) => {
          const done = (error: ServiceError | null, response: wire.FetchSecretsResponse) =>
            error ? reject(error) : resolve(response);
          client["fetchSecrets"]?.(request, done);
        }),
      results: (): Results => {
        // Every call needs a listener from its first moment: an error without one ends the process.
        const call = client["streamResults"]?.() as Results;
        call.on("error", () => {});
        return call;
      },
    };
  };
  return {
    ...connect(agentA),
    connect,
    server,
    services,
    revoke: (agentId: string) => {
      revoked.add(agentId);
      server.endAgent(agentId);
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close();
      await server[Symbol.asyncDispose]();
      await services[Symbol.asyncDispose]();
    },
  };
}

const hello = (attempts: readonly { run: number; job: number; attempt: number }[] = []) =>
  create(wire.StreamResultsRequestSchema, {
    message: {
      case: "hello",
      value: create(wire.HelloSchema, {
        agentId: "a",
        sessionId: "s1",
        attempts: attempts.map((ref) => create(jobWire.AttemptRefSchema, ref)),
      }),
    },
  });

function batch(
  seq: number,
  body: results.ResultFrame["body"],
  ref = { run: 1, job: 0, attempt: 1 },
): wire.StreamResultsRequest {
  const frame = create(results.ResultFrameSchema, { attempt: ref, seq, body });
  return create(wire.StreamResultsRequestSchema, {
    message: { case: "frames", value: create(wire.FrameBatchSchema, { frames: [frame] }) },
  });
}

/** The next message of the stream; throws the error that ends it. */
function next(call: Results): Promise<wire.StreamResultsResponse["message"]> {
  return new Promise((resolve, reject) => {
    call.once("data", (response: wire.StreamResultsResponse) => {
      call.pause();
      resolve(response.message);
    });
    call.once("error", reject);
    call.resume();
  });
}

/** The error that ends the stream; the status is only seen by who reads. */
const ended = (call: Results): Promise<ServiceError> =>
  new Promise((resolve) => {
    call.once("error", resolve);
    call.resume();
  });

const registration = create(wire.RegisterRequestSchema, {
  agentId: "a",
  sessionId: "s1",
  name: "a",
  slots: 1,
  kinds: ["build", "test"],
  inventory: { os: "linux", pythons: [{ feature: "3.12", version: "3.12.1", platform: "linux-x86_64" }] },
});

describe("the gRPC service for agents", () => {
  it("registers an agent and tells it how to behave", async () => {
    await using farm = await serve();
    expect(await farm.register(registration)).toMatchObject({ heartbeatIntervalMs: 500, windowBytes: 1_000_000 });
    expect(await farm.services.queries.agents()).toMatchObject([
      { agentId: "a", state: "online", pythons: [{ feature: "3.12" }] },
    ]);
  });

  it("answers nothing to whoever shows no certificate of the farm's authority", async () => {
    await using farm = await serve();
    const stranger = await agentCredentials("a", await makeAuthority({ farm: "test", nowMs }));
    for (const as of [
      credentials.createSsl(Buffer.from(authority.certificatePem)),
      stranger,
      credentials.createInsecure(),
    ]) {
      const client = farm.connect(as);
      await expect(client.register(registration)).rejects.toMatchObject({ code: status.UNAVAILABLE });
    }
    expect(await farm.services.queries.agents()).toEqual([]);
  });

  it("refuses an agent that speaks for another", async () => {
    await using farm = await serve();
    await farm.register(registration);
    const other = farm.connect(await agentCredentials("b"));
    await expect(other.register(registration)).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
    const call = other.results();
    call.write(hello());
    expect(await ended(call)).toMatchObject({
      code: status.PERMISSION_DENIED,
      details: expect.stringContaining("of agent b"),
    });
  });

  it("refuses a certificate of the farm's that is none of an agent", async () => {
    await using farm = await serve();
    const { certificatePem, privateKeyPem } = await serverTls();
    const [ca, key, certificate] = [authority.certificatePem, privateKeyPem, certificatePem].map(Buffer.from);
    const client = farm.connect(credentials.createSsl(ca, key, certificate));
    await expect(client.register(registration)).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  it("ends a revoked agent's stream at once and takes nothing from it any more", async () => {
    await using farm = await serve();
    await farm.register(registration);
    const call = farm.results();
    call.write(hello());
    expect(await next(call)).toMatchObject({ case: "welcome" });
    const end = ended(call);
    farm.revoke("a");
    expect(await end).toMatchObject({ code: status.UNAUTHENTICATED });
    await expect(farm.register(registration)).rejects.toMatchObject({
      code: status.UNAUTHENTICATED,
      details: expect.stringContaining("join again"),
    });
    const again = farm.results();
    again.write(hello());
    expect(await ended(again)).toMatchObject({ code: status.UNAUTHENTICATED });
  });

  it("shows a renewed certificate to who connects, while who is connected goes on", async () => {
    await using farm = await serve();
    await farm.register(registration);
    const call = farm.results();
    call.write(hello());
    await next(call);
    const renewed = await serverTls();
    farm.server.replaceCertificate(renewed);
    const [host = "", port] = farm.server.address.split(":");
    const socket = connectTls({ host, port: Number(port), ca: authority.certificatePem, ALPNProtocols: ["h2"] });
    await once(socket, "secureConnect");
    expect(socket.getPeerX509Certificate()?.toString()).toBe(renewed.certificatePem);
    socket.destroy();
    expect(await farm.register(registration)).toBeDefined();
    expect(call.closed).toBe(false);
  });

  it("says what is wrong with a registration", async () => {
    await using farm = await serve();
    const bad = { ...registration, agentId: "Not A Subject.>" };
    await expect(farm.register(bad)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining("agent_id"),
    });
    await expect(farm.register({ ...registration, slots: 0 })).rejects.toMatchObject({
      details: expect.stringContaining("slots"),
    });
  });

  it("takes results only from an agent process that is registered, not from an earlier one", async () => {
    await using farm = await serve();
    const early = farm.results();
    early.write(hello());
    expect(await ended(early)).toMatchObject({ code: status.NOT_FOUND });
    await farm.register(registration);
    await farm.register({ ...registration, sessionId: "s2" });
    const old = farm.results();
    old.write(hello());
    expect(await ended(old)).toMatchObject({ code: status.NOT_FOUND });
  });

  it("takes an attempt from its first frame to its acknowledgement", async () => {
    await using farm = await serve();
    await farm.register(registration);
    await farm.services.submit(["3.12"]);
    const call = farm.results();
    call.write(hello());
    expect(await next(call)).toMatchObject({ case: "welcome", value: { resume: [] } });
    call.write(batch(1, { case: "started", value: create(results.StartedSchema, { pythonVersion: "3.12.1" }) }));
    expect(await next(call)).toMatchObject({ case: "acks", value: { acks: [{ seq: 1 }] } });
    const value = create(results.FinishedSchema, { outcome: jobWire.Outcome.BUILD_FAILED, summary: "no" });
    call.write(batch(2, { case: "finished", value }));
    expect(await next(call)).toMatchObject({ case: "acks", value: { acks: [{ seq: 2 }] } });
    expect(await farm.services.store.run(1)).toMatchObject({ verdict: "fail" });
    call.end();
  });

  it("welcomes a stream that comes back with the frame after which each attempt goes on, and refuses what is over", async () => {
    await using farm = await serve();
    await farm.register(registration);
    await farm.services.submit(["3.12"]);
    const first = farm.results();
    first.write(hello());
    await next(first);
    first.write(batch(1, { case: "started", value: create(results.StartedSchema) }));
    await next(first);

    const second = farm.results();
    const aborted = ended(first);
    second.write(
      hello([
        { run: 1, job: 0, attempt: 1 },
        { run: 7, job: 3, attempt: 1 },
      ]),
    );
    const messages = [await next(second), await next(second)];
    expect(messages.find(({ case: name }) => name === "welcome")).toMatchObject({
      value: { resume: [{ attempt: { run: 1 }, seq: 1 }] },
    });
    expect(messages.find(({ case: name }) => name === "refused")).toMatchObject({
      value: { attempt: { run: 7, job: 3 } },
    });
    expect(await aborted).toMatchObject({ code: status.ABORTED });
    second.end();
  });

  it("ends a stream that the agent ends without a word", async () => {
    await using farm = await serve();
    await farm.register(registration);
    const call = farm.results();
    const error = ended(call);
    call.end();
    expect(await error).toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it("ends the stream, and nothing else, at a message that does not fit the contract", async () => {
    await using farm = await serve();
    await farm.register(registration);
    await farm.services.submit(["3.12"]);
    const cases: [wire.StreamResultsRequest[], number][] = [
      [[batch(1, { case: "started", value: create(results.StartedSchema) })], status.INVALID_ARGUMENT],
      [[hello(), hello()], status.INVALID_ARGUMENT],
      [[hello(), batch(1, { case: undefined })], status.INVALID_ARGUMENT],
      [[hello(), batch(0, { case: "started", value: create(results.StartedSchema) })], status.INVALID_ARGUMENT],
      [[hello(), batch(9, { case: "started", value: create(results.StartedSchema) })], status.ABORTED],
    ];
    for (const [messages, code] of cases) {
      const call = farm.results();
      const error = ended(call);
      for (const message of messages) call.write(message);
      expect(await error).toMatchObject({ code });
    }
    expect(await farm.register(registration)).toBeDefined();
    expect((await farm.services.store.jobs(1))[0]).toMatchObject({ state: "assigned" });
  });

  it("gives secrets to the agent that holds the attempt, to its latest process, and to nobody else", async () => {
    await using farm = await serve();
    const { secrets, submit } = farm.services;
    await secrets.set({ name: "A_TOKEN", value: "hunter22-value", project: null }, TESTER);
    const clients = { a: farm, b: farm.connect(await agentCredentials("b")) };
    await clients.a.register(registration);
    await clients.b.register(create(wire.RegisterRequestSchema, { ...registration, agentId: "b", name: "b" }));
    const plan = twoStepPlan(["3.12"]);
    await submit(["3.12"], { ...plan, jobs: plan.jobs.map((job) => ({ ...job, secrets: ["A_TOKEN"] })) });
    const attempt = { run: 1, job: 0, attempt: 1 };
    const ask = (
      agentId: "a" | "b",
      sessionId = "s1",
      ref: typeof attempt | null = attempt,
      client: Pick<typeof farm, "fetchSecrets"> = clients[agentId],
    ) =>
      client.fetchSecrets(
        create(wire.FetchSecretsRequestSchema, {
          ...{ agentId, sessionId },
          ...(ref === null ? {} : { attempt: create(jobWire.AttemptRefSchema, ref) }),
        }),
      );
    const holder = farm.services.farm.attempts.values().next().value?.agentId === "a" ? "a" : "b";
    const other = holder === "a" ? "b" : "a";
    await expect(ask(holder, "s1", attempt, clients[other])).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
    expect((await ask(holder)).values).toEqual({ A_TOKEN: "hunter22-value" });
    await expect(ask(other)).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
    await expect(ask(holder, "s0")).rejects.toMatchObject({ code: status.NOT_FOUND });
    await expect(ask(holder, "s1", null)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    await secrets.remove({ name: "A_TOKEN", project: null }, TESTER);
    await expect(ask(holder)).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: expect.stringContaining("kiln secret set A_TOKEN"),
    });
    const rows = await farm.services.audit.page({ before: null, sinceMs: null, who: null, what: null, limit: 20 });
    expect(
      rows
        .map(({ who, what, outcome }) => `${who} ${what} ${outcome}`)
        .toReversed()
        .slice(1),
    ).toEqual([
      `agent:${other} access refused`,
      `agent:${holder} secret.give done`,
      `agent:${other} secret.give refused`,
      expect.stringContaining("secret.remove done"),
      `agent:${holder} secret.give failed`,
    ]);
  });
});
