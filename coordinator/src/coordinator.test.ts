import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { credentials, makeClientConstructor, status, type ClientDuplexStream, type ServiceError } from "@grpc/grpc-js";
import {
  issueAgentCertificate,
  makeAuthority,
  makeCertificateRequest,
  natsCreds,
  natsInboxPrefix,
  natsTls,
  openFarmIdentity,
} from "@kiln/identity";
import { agent as wire, grpcService, SUBJECTS, type AuditPage, type Enrolment, type NewJoinToken } from "@kiln/proto";
import { startNatsServer, temporaryFolder } from "@kiln/testkit";
import { connect, credsAuthenticator, type Auth } from "@nats-io/transport-node";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { readConfig } from "./config.ts";
import { startCoordinator } from "./coordinator.ts";
import { newMachine } from "./services/testing-identities.ts";

const TOKEN = "a-token-of-this-test";
const AgentClient = makeClientConstructor(grpcService(wire.AgentService), wire.AgentService.typeName);
type Results = ClientDuplexStream<wire.StreamResultsRequest, wire.StreamResultsResponse>;

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function exchange(url: string, options: object, body?: object): Promise<Answer> {
  const sent = request(url, { method: body ? "POST" : "GET", agent: false, ...options });
  sent.end(body ? JSON.stringify(body) : undefined);
  const [response] = (await once(sent, "response")) as [NodeJS.ReadableStream & { readonly statusCode: number }];
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode, body: text };
}

/** nats-server and a coordinator, as `kiln up` starts them, in one process. */
async function startFarm() {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(temporaryFolder());
  const identity = await openFarmIdentity(join(path, "identity"), { nowMs: Date.now() });
  const nats = stack.use(await startNatsServer({ dir: path, identity }));
  const natsLog = join(path, "nats.log");
  nats.process.stderr?.pipe(createWriteStream(natsLog));
  const config = readConfig({
    KILN_COORDINATOR_DIR: join(path, "coordinator"),
    KILN_IDENTITY_DIR: identity.folder,
    KILN_HTTP_ADDRESS: "127.0.0.1:0",
    KILN_GRPC_ADDRESS: "127.0.0.1:0",
    KILN_NATS_URL: nats.url,
    KILN_NATS_LOG: natsLog,
    KILN_TOKEN: TOKEN,
  });
  const coordinator = stack.use(await startCoordinator(config, pino({ level: "silent" })));
  const ca = identity.authority.certificatePem;
  const json = { "content-type": "application/json" };
  const asOwner = (path: string, body?: object) =>
    exchange(`${coordinator.httpUrl}${path}`, { ca, headers: { ...json, authorization: `Bearer ${TOKEN}` } }, body);
  /** Joins; what the machine can reach the farm by from then on. */
  const join_ = async (name: string) => {
    const { token } = JSON.parse((await asOwner("/api/v1/join-tokens", {})).body) as NewJoinToken;
    const machine = await newMachine(token, name);
    const answer = await exchange(`${coordinator.httpUrl}/api/v1/enrolments`, { ca, headers: json }, machine.body);
    const enrolment = JSON.parse(answer.body) as Enrolment;
    const { agentId, certificate } = enrolment;
    const key = machine.privateKeyPem;
    const grpc = new AgentClient(
      coordinator.grpcAddress,
      credentials.createSsl(Buffer.from(ca), Buffer.from(key), Buffer.from(certificate)),
    );
    return {
      agentId,
      enrolment,
      http: (path: string) => exchange(`${coordinator.httpUrl}${path}`, { ca, key, cert: certificate }),
      natsKey: machine.nats.publicKey,
      nats: (claims: object = {}) => {
        const creds = credsAuthenticator(new TextEncoder().encode(natsCreds(enrolment.natsJwt, machine.nats.seed)));
        return connect({
          servers: nats.url,
          tls: natsTls(ca, nats.url),
          inboxPrefix: natsInboxPrefix(agentId),
          authenticator: (nonce) => ({ ...creds(nonce), ...claims }) as Auth,
          reconnect: false,
        });
      },
      register: () =>
        new Promise<wire.RegisterResponse>((resolve, reject) => {
          const inventory = { os: "linux", pythons: [] };
          const message = create(wire.RegisterRequestSchema, { agentId, sessionId: "s1", slots: 1, inventory });
          const done = (error: ServiceError | null, response: wire.RegisterResponse) =>
            error ? reject(error) : resolve(response);
          grpc["register"]?.(message, done);
        }),
      results: () => {
        const call = grpc["streamResults"]?.() as Results;
        call.on("error", () => {});
        const value = create(wire.HelloSchema, { agentId, sessionId: "s1" });
        call.write(create(wire.StreamResultsRequestSchema, { message: { case: "hello", value } }));
        return call;
      },
      close: () => grpc.close(),
    };
  };
  const owned = stack.move();
  return { coordinator, nats, identity, asOwner, join: join_, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe("a coordinator", () => {
  it("knows a machine that joined by its certificate, on every port", async () => {
    await using farm = await startFarm();
    const agent = await farm.join("box");
    expect(agent.enrolment).toMatchObject({
      grpcAddress: `:${farm.coordinator.grpcAddress.split(":")[1]}`,
      natsUrl: `nats://:${farm.nats.port}`,
    });
    expect((await agent.http(`/api/v1/blobs/${"a".repeat(64)}`)).status).toBe(404);
    expect(await agent.register()).toMatchObject({ heartbeatIntervalMs: 2_000 });
    const connection = await agent.nats();
    await connection.flush();
    await connection.close();
    agent.close();
  });

  it("cuts a revoked agent on every port at once, and lets it in nowhere again", async () => {
    await using farm = await startFarm();
    const [agent, other] = [await farm.join("box"), await farm.join("other")];
    await agent.register();
    const call = agent.results();
    await once(call, "data");
    const [connection, others] = [await agent.nats(), await other.nats()];
    const ended = once(call, "error") as Promise<[ServiceError]>;

    const answer = await farm.asOwner(`/api/v1/agents/${agent.agentId}/revoke`, { reason: "stolen" });
    expect(answer.status).toBe(200);
    expect((await ended)[0]).toMatchObject({ code: status.UNAUTHENTICATED });
    expect(await connection.closed()).toMatchObject({
      message: expect.stringMatching(/revoked|authori[sz]ation|authentication/i),
    });
    await expect(agent.nats()).rejects.toThrow(/authorization/i);
    await expect(agent.register()).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    expect((await agent.http(`/api/v1/blobs/${"a".repeat(64)}`)).status).toBe(401);

    expect(await other.register()).toBeDefined();
    await others.flush();
    await others.close();
    for (const client of [agent, other]) client.close();
  });

  it("answers nobody on plain HTTP, and nobody without a certificate on gRPC", async () => {
    await using farm = await startFarm();
    await expect(fetch(farm.coordinator.httpUrl.replace("https:", "http:"))).rejects.toThrow();
    const ca = farm.identity.authority.certificatePem;
    const url = `https://${farm.coordinator.grpcAddress}/`;
    await expect(exchange(url, { ca })).rejects.toThrow(/alert|hang up|ECONNRESET/i);
  });

  it("takes a certificate of another authority for none, and writes down on which port it was shown", async () => {
    await using farm = await startFarm();
    const { agentId } = await farm.join("box");
    const ca = farm.identity.authority.certificatePem;
    const another = await makeAuthority({ farm: "another", nowMs: Date.now() });
    const { privateKeyPem: key, requestPem } = await makeCertificateRequest("box");
    const issued = await issueAgentCertificate(another, { requestPem, agentId, nowMs: Date.now(), lifetimeMs: 60_000 });
    const cert = issued.ok ? issued.certificatePem : "";
    expect((await exchange(`${farm.coordinator.httpUrl}/healthz`, { ca, key, cert })).status).toBe(200);
    const blob = `${farm.coordinator.httpUrl}/api/v1/blobs/${"a".repeat(64)}`;
    expect((await exchange(blob, { ca, key, cert })).status).toBe(401);
    const grpc = `https://${farm.coordinator.grpcAddress}/`;
    await expect(exchange(grpc, { ca, key, cert, ALPNProtocols: ["h2"] })).rejects.toThrow(/hang up|ECONNRESET/i);
    const refusals = async () => {
      const { entries } = JSON.parse((await farm.asOwner("/api/v1/audit?what=access")).body) as AuditPage;
      return entries.filter(({ object, who }) => object === `agent ${agentId}` && who === "nobody");
    };
    await expect.poll(async () => (await refusals()).length).toBe(3);
    expect((await refusals()).map(({ detail }) => detail.split(", on ").at(-1))).toEqual([
      "the gRPC port",
      "the HTTPS port",
      "the HTTPS port",
    ]);
  });

  it("writes down what NATS refused, by the name of who did it, whatever key that one calls its own", async () => {
    await using farm = await startFarm();
    const [agent, other] = [await farm.join("box"), await farm.join("other")];
    const connection = await agent.nats({ nkey: other.natsKey });
    connection.publish(SUBJECTS.heartbeat.of(other.agentId), "x");
    connection.subscribe(SUBJECTS.control.of(other.agentId), { callback: () => undefined });
    await connection.flush();
    await connection.close();
    const ca = farm.identity.authority.certificatePem;
    await expect(connect({ servers: farm.nats.url, tls: natsTls(ca, farm.nats.url) })).rejects.toThrow(
      /authorization/i,
    );
    const refusals = async () => {
      const { entries } = JSON.parse((await farm.asOwner("/api/v1/audit?what=access")).body) as AuditPage;
      return entries.map(({ who, object, outcome, from, detail }) => ({ who, object, outcome, from, detail }));
    };
    await expect.poll(async () => (await refusals()).length, { timeout: 10_000 }).toBe(3);
    const refused = { outcome: "refused", from: "127.0.0.1" };
    const who = `agent:${agent.agentId}`;
    expect(await refusals()).toEqual([
      { ...refused, who: "nobody", object: "", detail: "NATS refused its login" },
      {
        ...refused,
        who,
        object: `subject kiln.agents.${other.agentId}.control`,
        detail: "NATS refused to let it subscribe",
      },
      {
        ...refused,
        who,
        object: `subject kiln.agents.${other.agentId}.heartbeat`,
        detail: "NATS refused to let it publish",
      },
    ]);
    for (const client of [agent, other]) client.close();
  });
});
