import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { makeAuthority, issueServerCertificate, makeToken } from "@kiln/identity";
import { create } from "@bufbuild/protobuf";
import { agent as wire, job as jobWire } from "@kiln/proto";
import { temporaryFolder } from "@kiln/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CredentialFolder } from "./adapters/disk/credential-folder.ts";
import { enrol } from "./adapters/join/enrol.ts";
import { JoinError } from "./adapters/join/join-error.ts";
import { probePorts } from "./adapters/join/probe-ports.ts";
import { joinFailureWords, type JoinFailure } from "./domain/join/join-failure.ts";
import type { AgentHandle } from "./start-agent.ts";
import { FakeFarm } from "./testing/fake-farm.ts";

const { Outcome } = jobWire;

let farm: FakeFarm;
let stack: AsyncDisposableStack;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  farm = stack.use(await FakeFarm.start());
});
afterEach(async () => stack.disposeAsync());

const until = (isTrue: () => boolean) => farm.coordinator.board.until(isTrue);
const finished = (key: string) => farm.coordinator.finishedOf(key);

async function startAgent(...args: Parameters<FakeFarm["startAgent"]>): Promise<AgentHandle> {
  const agent = stack.use(await farm.startAgent(...args));
  await farm.prepare(agent.agentId);
  await agent.registered;
  return agent;
}

async function portOf(
  server: { listen(port: number, host: string): unknown } & Pick<Server, "address">,
): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server as unknown as Server, "listening");
  return (server.address() as AddressInfo).port;
}

async function failureOf(
  changes: { readonly url?: string; readonly token?: string } = {},
  { env = {}, nowMs = Date.now }: { readonly env?: NodeJS.ProcessEnv; readonly nowMs?: () => number } = {},
): Promise<JoinFailure> {
  const request = { url: farm.https.url, token: farm.identity.token, name: "gpu1", ...changes };
  const result = await enrol(request, { env, nowMs });
  if (result.ok) throw new Error("it joined");
  // Whatever fails, the token never leaves for somebody who is not the farm.
  expect(farm.https.enrolments).toEqual([]);
  expect(JSON.stringify(joinFailureWords(result.failure))).not.toContain(request.token);
  return result.failure;
}

describe("a machine that joins", () => {
  test("keeps its keys to itself, and gets what lets it in everywhere", async () => {
    const result = await enrol(
      { url: `${farm.https.url}/`, token: ` ${farm.identity.token}\n`, name: "gpu1" },
      { env: {}, nowMs: Date.now },
    );
    if (!result.ok) throw new Error(joinFailureWords(result.failure).message);
    const { credentials } = result;
    expect(credentials).toMatchObject({ agentId: "gpu1-1", labels: { pool: "a" }, role: "worker" });
    expect(credentials.farm.httpUrl).toBe(farm.https.url);
    const sent = JSON.stringify(farm.https.enrolments);
    expect(sent).not.toContain(credentials.natsSeed);
    expect(sent).not.toContain("PRIVATE KEY");
    expect((await probePorts(credentials)).map(({ name, problem }) => [name, problem])).toEqual([
      ["HTTPS", null],
      ["gRPC", null],
      ["NATS", null],
    ]);
  });

  test("that got no answer asks again with the same keys, also in another process, and with others by another token", async () => {
    using home = temporaryFolder();
    const { url } = farm.https;
    const join = async (token: string) => {
      const folder = new CredentialFolder(home.path);
      const keys = () => folder.joiningKeys(token, "gpu1");
      const result = await enrol({ url, token, name: "gpu1", keys }, { env: {}, nowMs: Date.now });
      if (result.ok) folder.write(result.credentials);
      return result.ok ? result.credentials : result.failure.kind;
    };
    const { token } = farm.identity;
    farm.https.answersToLose = 3;
    expect([await join(token), await join(token)]).toEqual(["no-answer", "no-answer"]);
    expect(await join(makeToken("join", farm.identity.identity.fingerprint))).toBe("no-answer");
    const [first, second, other] = farm.https.enrolments;
    expect([second?.["request"], second?.["natsPublicKey"]]).toEqual([first?.["request"], first?.["natsPublicKey"]]);
    expect(other?.["request"]).not.toBe(first?.["request"]);
    expect(other?.["natsPublicKey"]).not.toBe(first?.["natsPublicKey"]);
    // Once it has joined, nothing is left of them but its credentials.
    expect(await join(token)).toMatchObject({ agentId: "gpu1-4" });
    expect(readdirSync(home.path)).toEqual(["credentials"]);
  });

  test("says which port of the farm it does not reach, and that it is a firewall's", async () => {
    const credentials = await farm.identity.credentials("a", {
      httpUrl: farm.https.url,
      grpcAddress: "127.0.0.1:1",
      natsUrl: "nats://127.0.0.1:1",
    });
    const probes = await probePorts(credentials);
    expect(probes.map(({ name, problem }) => [name, problem === null])).toEqual([
      ["HTTPS", true],
      ["gRPC", false],
      ["NATS", false],
    ]);
    expect(probes[1]?.problem?.message).toBe(
      "The farm's gRPC port cannot be reached at 127.0.0.1:1: the connection is refused.",
    );
    expect(probes[2]?.problem?.advice).toContain("Open TCP port 1 of 127.0.0.1");
    expect(probes[2]?.problem?.advice).toContain("firewall");
  });

  test("is told of a token that is cut off, of people, used, expired, unknown, or of another farm", async () => {
    expect(await failureOf({ token: farm.identity.token.slice(0, -3) })).toMatchObject({ kind: "malformed-token" });
    const ofPeople = makeToken("api", farm.identity.identity.fingerprint);
    expect(await failureOf({ token: ofPeople })).toMatchObject({ kind: "malformed-token" });
    const foreign = await failureOf({ token: makeToken("join", "x".repeat(43)) });
    expect(foreign).toEqual({
      kind: "another-farm",
      expected: "x".repeat(43),
      found: farm.identity.identity.fingerprint,
    });
    for (const kind of ["token-used", "token-expired", "token-unknown"]) {
      farm.https.refusal = { status: 403, body: { type: `urn:kiln:problem:${kind}`, detail: "the farm says so" } };
      expect(await failureOf()).toEqual({ kind, detail: "the farm says so" });
    }
  });

  test("is told of a wrong clock with both times, by the farm's Date header or its answer", async () => {
    farm.https.skewMs.now = 3_600_000;
    const failure = await failureOf();
    if (failure.kind !== "clock-skew") throw new Error(failure.kind);
    expect(Math.abs(failure.thereMs - failure.hereMs - 3_600_000)).toBeLessThan(5_000);
    farm.https.skewMs.now = 0;
    farm.https.refusal = { status: 403, body: { type: "urn:kiln:problem:clock-skew", detail: "", farmTimeMs: 12_345 } };
    expect(await failureOf()).toMatchObject({ kind: "clock-skew", thereMs: 12_345 });
  });

  test("is told of an address that is no farm's, and in which way", async () => {
    expect(await failureOf({ url: "farm" })).toMatchObject({ kind: "bad-url" });
    expect(await failureOf({ url: "http://127.0.0.1:1" })).toMatchObject({ kind: "plain-http" });
    expect(await failureOf({ url: "https://no-such-host.invalid" })).toEqual({
      kind: "unknown-host",
      host: "no-such-host.invalid",
    });
    expect(await failureOf({ url: "https://127.0.0.1:1" })).toMatchObject({
      kind: "no-answer",
      how: "the connection is refused",
    });
    const plain = createServer((_, response) => response.end("hello"));
    stack.defer(() => void plain.close());
    expect(await failureOf({ url: `https://127.0.0.1:${await portOf(plain)}` })).toMatchObject({ kind: "no-tls" });
    const cutting = createTcpServer((socket) => socket.destroy());
    stack.defer(() => void cutting.close());
    expect(await failureOf({ url: `https://127.0.0.1:${await portOf(cutting)}` })).toMatchObject({
      kind: "no-answer",
      how: "the connection was cut",
    });
  });

  test("does not talk to a proxy that opens TLS, and names who signed its certificate and NO_PROXY", async () => {
    const nowMs = Date.now();
    const corp = await makeAuthority({ farm: "of Corp Inspection", nowMs });
    const certificate = await issueServerCertificate(corp, { names: ["127.0.0.1"], nowMs, lifetimeMs: 3_600_000 });
    let tokens = 0;
    const { authority } = farm.identity.identity;
    // It passes everything on, as such proxies do: also the farm's own certificate.
    const proxy = createTlsServer(
      { cert: certificate.certificatePem, key: certificate.privateKeyPem },
      (request, response) => {
        if (request.method === "POST") tokens++;
        response.end(authority.certificatePem);
      },
    );
    stack.defer(() => void proxy.close());
    const url = `https://127.0.0.1:${await portOf(proxy)}`;
    const failure = await failureOf({ url }, { env: { HTTPS_PROXY: "http://proxy:3128" } });
    expect(failure).toMatchObject({ kind: "intercepted", issuer: "Kiln farm of Corp Inspection" });
    expect(joinFailureWords(failure).advice).toContain("put 127.0.0.1 into NO_PROXY");
    expect(tokens).toBe(0);
  });

  test("is told by which names the farm's certificate can be reached", async () => {
    const { authority } = farm.identity.identity;
    const nowMs = Date.now();
    const elsewhere = await issueServerCertificate(authority, {
      names: ["farm.example"],
      nowMs,
      lifetimeMs: 3_600_000,
    });
    const server = createTlsServer({ cert: elsewhere.certificatePem, key: elsewhere.privateKeyPem }, (_, response) =>
      response.end(authority.certificatePem),
    );
    stack.defer(() => void server.close());
    expect(await failureOf({ url: `https://127.0.0.1:${await portOf(server)}` })).toEqual({
      kind: "wrong-name",
      host: "127.0.0.1",
      names: ["farm.example"],
    });
  });
});

describe("an agent", () => {
  test("whose first answer is lost joins with the keys that it had asked with", async () => {
    farm.https.answersToLose = 1;
    const agent = await startAgent();
    const [first, second] = farm.https.enrolments;
    expect(farm.https.enrolments).toHaveLength(2);
    expect(second?.["request"]).toBe(first?.["request"]);
    expect(second?.["natsPublicKey"]).toBe(first?.["natsPublicKey"]);
    expect(agent.agentId).toMatch(/-2$/);
  });

  test("joins once, and is the same agent at its next start without a token", async () => {
    const first = await startAgent();
    await first[Symbol.asyncDispose]();
    const again = await startAgent({ join: null });
    expect(again.agentId).toBe(first.agentId);
    expect(farm.https.enrolments).toHaveLength(1);
  });

  test("stays the same agent of a farm that says where it has moved", async () => {
    const first = await startAgent();
    await first[Symbol.asyncDispose]();
    const { join, folder } = farm.config;
    const credentials = new CredentialFolder(folder);
    const known = credentials.read();
    if (!join || !known) throw new Error("it has joined");
    const nowhere = { httpUrl: "https://127.0.0.1:1", grpcAddress: "127.0.0.1:1", natsUrl: "tls://127.0.0.1:1" };
    credentials.write({ ...known, farm: nowhere });
    const again = await startAgent({ join: { ...join, moved: known.farm } });
    await again.registered;
    expect(again.agentId).toBe(first.agentId);
    expect(farm.https.enrolments).toHaveLength(1);
  });

  test("without credentials and token says how to join", async () => {
    await expect(farm.startAgent({ join: null })).rejects.toThrow(/has not joined a farm.\n.*kiln agent token/);
    const refused = { status: 403, body: { type: "urn:kiln:problem:token-used", detail: "the join token is used up" } };
    farm.https.refusal = refused;
    await expect(farm.startAgent()).rejects.toThrow(JoinError);
  });

  test("with a token of another farm than its own joins that one", async () => {
    const first = await startAgent();
    await first[Symbol.asyncDispose]();
    await using other = await FakeFarm.start();
    const { join } = other.config;
    const agent = stack.use(await farm.startAgent({ join }));
    await agent.registered;
    expect(other.https.enrolments).toHaveLength(1);
    expect(other.coordinator.registrations[0]?.labels).toEqual({ pool: "a" });
  });

  test("renews its credentials while a job runs and writes: no byte is lost, and every line is the new ones'", async () => {
    farm.identity.lifetimeMs = 6_000;
    const agent = await startAgent();
    farm.identity.lifetimeMs = 86_400_000;
    const folder = new CredentialFolder(farm.config.folder);
    const before = folder.read();
    const key = await farm.assign(agent.agentId, 0, "hang");
    const writing = await farm.assign(agent.agentId, 1, "lines 200000 after 3000");
    await until(() => farm.coordinator.serials.length > 1);
    const after = folder.read();
    expect(after?.certificatePem).not.toBe(before?.certificatePem);
    expect(after?.natsSeed).not.toBe(before?.natsSeed);
    expect(new Set(farm.coordinator.serials).size).toBe(2);
    // Past the end of the first ones: only the new ones let it in now.
    const { length } = farm.heartbeats;
    await until(() => Date.now() > (before?.notAfterMs ?? Infinity) && farm.heartbeats.length > length + 10);
    await until(() => finished(writing) !== null);
    expect(finished(writing)?.outcome).toBe(Outcome.PASSED);
    expect(farm.coordinator.logOf(writing).toString().split("\n")).toHaveLength(200_001);
    const ref = { run: 1, job: 0, attempt: 1 };
    farm.control(agent.agentId, {
      case: "cancel",
      value: create(wire.CancelAttemptSchema, { attempt: ref, reason: "by hand" }),
    });
    await until(() => finished(key) !== null);
    expect(finished(key)?.outcome).toBe(Outcome.CANCELLED);
    expect(farm.coordinator.violations).toEqual([]);
    const next = await farm.assign(agent.agentId, 2, "pass");
    await until(() => finished(next) !== null);
  }, 30_000);

  test("that cannot renew says so, goes on, and renews when it can", async () => {
    farm.identity.lifetimeMs = 4_000;
    const agent = await startAgent();
    farm.https.refusal = { status: 503, body: { detail: "starting" } };
    await until(() => farm.https.renewals.length > 3);
    expect(agent.stats().renewal).toMatchObject({ message: expect.stringContaining("cannot answer now") as string });
    farm.https.refusal = null;
    await until(() => farm.coordinator.serials.length > 1);
    expect(agent.stats().renewal).toBeNull();
  }, 30_000);

  test("that is revoked stops its jobs and ends, and does not try again", async () => {
    const agent = await startAgent();
    const key = await farm.assign(agent.agentId, 0, "hang");
    await until(() => farm.coordinator.framesOf(key).length === 1);
    farm.coordinator.refusingAgents = "this agent was revoked";
    farm.coordinator.cut();
    farm.control(agent.agentId, { case: "registerAgain", value: create(wire.RegisterAgainSchema) });
    expect(await agent.ended).toEqual({ kind: "shut-out", reason: "this agent was revoked" });
    await agent[Symbol.asyncDispose]();
    expect(agent.stats().running).toBe(0);
  });

  test("whose renewal is refused because it is revoked ends", async () => {
    farm.identity.lifetimeMs = 1_500;
    const agent = await startAgent();
    farm.https.refusal = { status: 403, body: { type: "urn:kiln:problem:agent-revoked", detail: "lost laptop" } };
    expect(await agent.ended).toMatchObject({
      kind: "shut-out",
      reason: expect.stringContaining("lost laptop") as string,
    });
  });

  test("that is ephemeral takes one job, reports it, and leaves", async () => {
    farm.https.role = "ephemeral";
    const agent = await startAgent();
    expect(farm.coordinator.registrations[0]).toMatchObject({ ephemeral: true, slots: 1 });
    const [only, ...others] = await Promise.all(
      [0, 1, 2].map((job) => farm.assign(agent.agentId, job, "pass after 200")),
    );
    expect(await agent.ended).toEqual({ kind: "left", reason: "it has had its only job" });
    expect(finished(only ?? "")?.outcome).toBe(Outcome.PASSED);
    expect(others.map(finished)).toEqual([null, null]);
    expect(farm.https.left).toEqual([agent.agentId]);
    await agent[Symbol.asyncDispose]();
    expect(new CredentialFolder(farm.config.folder).read()).toBeNull();
  });

  test("tells jobs the farm's authority by a file of its own", async () => {
    await startAgent({ executor: "host" });
    const text = readFileSync(`${farm.config.folder}/farm-ca.pem`, "utf8");
    expect(text).toBe(farm.identity.identity.authority.certificatePem);
  });
});
