import { createPrivateKey, X509Certificate } from "node:crypto";
import { makeToken, tokenDigest } from "@kiln/identity";
import { runReader, type Enrolment, type JoinTokenView, type NewJoinToken, type Problem } from "@kiln/proto";
import { describe, expect, it, vi } from "vitest";
import { auditEntry, type AuditAction } from "../../domain/audit.ts";
import { newMachine } from "../../services/testing-identities.ts";
import { startTestServer, TOKEN, type TestServer, type TestServerOptions } from "./testing.ts";

const JSON_TYPE = { "content-type": "application/json" };

async function post(server: TestServer, path: string, body: unknown): Promise<{ status: number; body: unknown }> {
  const response = await server.get(path, { method: "POST", headers: JSON_TYPE, body: JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
}

async function joinToken(server: TestServer, body: object = {}): Promise<NewJoinToken> {
  const made = await post(server, "/join-tokens", body);
  expect(made.status).toBe(201);
  return made.body as NewJoinToken;
}

/** Without the farm's token, as machines come. */
async function enrol(server: TestServer, body: object): Promise<{ status: number; body: Enrolment & Problem }> {
  const request = { method: "POST", headers: JSON_TYPE, body: JSON.stringify(body) };
  const response = await fetch(`${server.url}/api/v1/enrolments`, request);
  return { status: response.status, body: (await response.json()) as Enrolment & Problem };
}

async function joined(server: TestServer, name = "box"): Promise<Enrolment> {
  const { token } = await joinToken(server);
  const { status, body } = await enrol(server, (await newMachine(token, name)).body);
  expect(status).toBe(201);
  return body;
}

/** The token as it would be 30 minutes after it ran out. */
async function expireToken(server: TestServer, { id, token }: Pick<NewJoinToken, "id" | "token">): Promise<void> {
  const { identities } = server.store;
  const entry = auditEntry({ who: "owner", from: "" }, { what: "join-token.revoke", object: id }, 0);
  const known = await identities.joinTokenOf(tokenDigest(token));
  if (!known) throw new Error("there is no such token");
  await identities.deleteJoinToken(id, entry);
  await identities.insertJoinToken({ ...known, createdAtMs: 0, expiresAtMs: 1_000 }, entry);
}

async function auditOf(server: TestServer, what: AuditAction): Promise<readonly string[]> {
  const rows = await server.audit.page({ before: null, sinceMs: null, who: null, what, limit: 50 });
  return rows.map(({ object, outcome, detail }) => `${object} ${outcome}: ${detail}`).toReversed();
}

/** Who asks says so in a header, in place of a certificate. */
const byHeader: TestServerOptions = {
  agentOf: ({ headers }) => (headers["x-test-agent"] as string | undefined) ?? null,
};

function asAgent(server: TestServer, agentId: string, path: string, body?: object): Promise<Response> {
  const json = body ? { body: JSON.stringify(body) } : {};
  const headers = { "x-test-agent": agentId, ...(body ? JSON_TYPE : {}) };
  return fetch(`${server.url}/api/v1${path}`, { method: body ? "POST" : "GET", headers, ...json });
}

describe("joining the farm", () => {
  it("gives a machine a certificate of its own, the farm's, and where everything is", async () => {
    await using server = await startTestServer();
    const { token } = await joinToken(server, { labels: { rack: "a3" }, role: "ephemeral" });
    const { status, body } = await enrol(server, (await newMachine(token, "GPU box.1")).body);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      agentId: expect.stringMatching(/^gpu-box-1-[0-9a-f]{8}$/),
      authority: server.identity.authority.certificatePem,
      ...{ labels: { rack: "a3" }, role: "ephemeral", grpcAddress: ":8271", natsUrl: "nats://:8272" },
    });
    const certificate = new X509Certificate(body.certificate);
    expect(certificate.subjectAltName).toBe(`URI:kiln:agent:${body.agentId}`);
    expect(certificate.verify(new X509Certificate(body.authority).publicKey)).toBe(true);
    expect(server.identities.isAgent(body.agentId)).toBe(true);
  });

  it("counts the uses of a token, whose secret the farm does not keep", async () => {
    await using server = await startTestServer();
    const { token, ...view } = await joinToken(server, { uses: 2 });
    for (const usesLeft of [1, 0]) {
      expect((await enrol(server, (await newMachine(token)).body)).status).toBe(201);
      const listed = await server.get("/join-tokens");
      const { tokens } = (await listed.json()) as { tokens: JoinTokenView[] };
      expect(tokens).toEqual([{ ...view, usesLeft }]);
    }
    const third = await enrol(server, (await newMachine(token)).body);
    expect(third).toMatchObject({
      status: 403,
      body: {
        type: "urn:kiln:problem:token-used",
        detail: expect.stringContaining("its 2 machines have joined; make"),
      },
    });
  });

  it.each([
    ["token-unknown", async (server: TestServer) => makeToken("join", server.identity.fingerprint), /knows no such/],
    ["token-foreign", async () => makeToken("join", "x".repeat(43)), /of another farm: give the address/],
    ["malformed-token", async () => "kiln_join_abc", /cut off/],
    ["malformed-token", async (server: TestServer) => makeToken("api", server.identity.fingerprint), /API token/],
  ])("is refused as %s, with what to do", async (name, make, words) => {
    await using server = await startTestServer();
    const { status, body } = await enrol(server, (await newMachine(await make(server))).body);
    expect({ status, type: body.type }).toEqual({ status: 403, type: `urn:kiln:problem:${name}` });
    expect(body.detail).toMatch(words);
  });

  it("is refused by a token that was deleted, and by one that has expired", async () => {
    await using server = await startTestServer();
    const deleted = await joinToken(server);
    expect((await server.get(`/join-tokens/${deleted.id}`, { method: "DELETE" })).status).toBe(204);
    expect((await server.get(`/join-tokens/${deleted.id}`, { method: "DELETE" })).status).toBe(404);
    expect((await enrol(server, (await newMachine(deleted.token)).body)).body.type).toBe(
      "urn:kiln:problem:token-unknown",
    );
    const { token, id } = await joinToken(server, { lifetimeMs: 1_000 });
    await expireToken(server, { id, token });
    const late = await enrol(server, (await newMachine(token)).body);
    expect(late.body).toMatchObject({
      type: "urn:kiln:problem:token-expired",
      detail: expect.stringContaining("expired at 1970-01-01T00:00:01Z; make another with `kiln agent token`"),
    });
  });

  it.each([-6, 6])("is refused to a machine whose clock is %d min off, with both times", async (minutes) => {
    await using server = await startTestServer();
    const { token } = await joinToken(server);
    const machine = await newMachine(token, "box", Date.now() + minutes * 60_000);
    const { body } = await enrol(server, machine.body);
    expect(body.type).toBe("urn:kiln:problem:clock-skew");
    expect(body.detail).toContain(minutes < 0 ? "6 min behind the farm's" : "6 min ahead of the farm's");
    expect(Math.abs((body.farmTimeMs ?? 0) - Date.now())).toBeLessThan(10_000);
    // The token is as good as before.
    expect((await enrol(server, (await newMachine(token)).body)).status).toBe(201);
  });

  it("is refused for keys that are none, and the token is as good as before", async () => {
    await using server = await startTestServer();
    const { token } = await joinToken(server);
    const { body } = await newMachine(token);
    for (const wrong of [{ request: "x" }, { natsPublicKey: "x" }]) {
      expect(await enrol(server, { ...body, ...wrong })).toMatchObject({ status: 400 });
    }
    expect((await enrol(server, body)).status).toBe(201);
  });

  it("needs no token to learn the farm's certificate, and one of people to make join tokens", async () => {
    await using server = await startTestServer();
    const authority = await fetch(`${server.url}/ca.pem`);
    expect(await authority.text()).toBe(server.identity.authority.certificatePem);
    for (const [method, path] of [
      ["POST", "/join-tokens"],
      ["GET", "/join-tokens"],
      ["POST", "/agents/a/revoke"],
    ]) {
      const response = await fetch(`${server.url}/api/v1${path}`, { method: method ?? "" });
      expect(response.status).toBe(401);
    }
  });
});

describe("a machine whose answer was lost", () => {
  const usesLeft = async (server: TestServer) =>
    (await server.identities.joinTokens()).map((token) => [token.id, token.usesLeft]);

  it("comes again with the same token and keys, is the same agent, and uses the token once", async () => {
    await using server = await startTestServer();
    const { token, id } = await joinToken(server);
    const { body, privateKeyPem } = await newMachine(token);
    const first = await enrol(server, body);
    expect(await usesLeft(server)).toEqual([[id, 0]]);
    // The token is used up; the same request is answered.
    for (const again of [await enrol(server, body), await enrol(server, body)]) {
      expect(again).toMatchObject({ status: 201, body: { agentId: first.body.agentId } });
      const certificate = new X509Certificate(again.body.certificate);
      expect(certificate.subjectAltName).toBe(`URI:kiln:agent:${first.body.agentId}`);
      expect(certificate.checkPrivateKey(createPrivateKey(privateKeyPem))).toBe(true);
    }
    expect(await usesLeft(server)).toEqual([[id, 0]]);
    expect(await server.store.identities.enrolledAgents()).toHaveLength(1);
    const again = `${first.body.agentId} done: box, again with the same token and keys`;
    expect(await auditOf(server, "agent.enrol")).toEqual([`${first.body.agentId} done: box`, again, again]);
  });

  it("is one agent also when both requests are under way at once", async () => {
    await using server = await startTestServer();
    const { token, id } = await joinToken(server, { uses: 2 });
    const { body } = await newMachine(token);
    const answers = await Promise.all([enrol(server, body), enrol(server, body), enrol(server, body)]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(new Set(answers.map((answer) => answer.body.agentId)).size).toBe(1);
    expect(await usesLeft(server)).toEqual([[id, 1]]);
  });

  it("is another machine with any other key, or another token, and that counts", async () => {
    await using server = await startTestServer();
    const [a, b] = [await joinToken(server, { uses: 3 }), await joinToken(server)];
    const [{ body }, other] = [await newMachine(a.token), await newMachine(a.token)];
    const bodies = [
      body,
      { ...body, natsPublicKey: other.body.natsPublicKey },
      { ...body, request: other.body.request },
      { ...body, token: b.token },
    ];
    const agents = new Set<string>();
    for (const one of bodies) agents.add((await enrol(server, one)).body.agentId);
    expect(agents.size).toBe(4);
    expect(new Map((await usesLeft(server)) as [string, number][])).toEqual(
      new Map([
        [a.id, 0],
        [b.id, 0],
      ]),
    );
    expect((await enrol(server, other.body)).body.type).toBe("urn:kiln:problem:token-used");
  });

  it("does not get in by a token that has expired or was deleted", async () => {
    await using server = await startTestServer();
    const late = await joinToken(server, { uses: 2 });
    const { body } = await newMachine(late.token);
    expect((await enrol(server, body)).status).toBe(201);
    await expireToken(server, late);
    expect((await enrol(server, body)).body.type).toBe("urn:kiln:problem:token-expired");
    const used = await joinToken(server);
    const machine = await newMachine(used.token);
    expect((await enrol(server, machine.body)).status).toBe(201);
    await expireToken(server, used);
    expect((await enrol(server, machine.body)).body.type).toBe("urn:kiln:problem:token-used");
    await server.get(`/join-tokens/${used.id}`, { method: "DELETE" });
    expect((await enrol(server, machine.body)).body.type).toBe("urn:kiln:problem:token-unknown");
  });

  it("does not get in once its agent is revoked", async () => {
    await using server = await startTestServer();
    const { token, id } = await joinToken(server, { uses: 2 });
    const { body } = await newMachine(token);
    const { agentId } = (await enrol(server, body)).body;
    await post(server, `/agents/${agentId}/revoke`, { reason: "stolen" });
    const again = await enrol(server, body);
    expect(again).toMatchObject({ status: 403, body: { type: "urn:kiln:problem:agent-revoked" } });
    expect(await usesLeft(server)).toEqual([[id, 1]]);
    expect(await server.store.identities.certificates(0)).toHaveLength(1);
    expect((await auditOf(server, "agent.enrol")).map((row) => row.replace(/:.*/, ""))).toEqual([
      ...[`${agentId} done`, "box refused"],
    ]);
  });
});

it("a farm takes as many agents as it may have, not counting those that have left", async () => {
  await using server = await startTestServer({ agentsMax: 1, ...byHeader });
  const { token } = await joinToken(server, { uses: 9 });
  const first = await enrol(server, (await newMachine(token)).body);
  const full = await enrol(server, (await newMachine(token)).body);
  expect(full.body.type).toBe("urn:kiln:problem:too-many-agents");
  const { agentId } = first.body;
  expect((await asAgent(server, agentId, `/agents/${agentId}/leave`, {})).status).toBe(200);
  expect((await enrol(server, (await newMachine(token)).body)).status).toBe(201);
});

describe("an agent", () => {
  it("renews its credentials by its own certificate, and nobody else's", async () => {
    await using server = await startTestServer(byHeader);
    const { agentId, certificate } = await joined(server);
    const { request, natsPublicKey, nowMs } = (await newMachine("")).body;
    const body = { request, natsPublicKey, nowMs };
    const renewed = await asAgent(server, agentId, `/agents/${agentId}/renewals`, body);
    expect(renewed.status).toBe(201);
    const enrolment = (await renewed.json()) as Enrolment;
    expect(enrolment.agentId).toBe(agentId);
    expect(new X509Certificate(enrolment.certificate).serialNumber).not.toBe(
      new X509Certificate(certificate).serialNumber,
    );
    expect((await asAgent(server, "other-1", `/agents/${agentId}/renewals`, body)).status).toBe(403);
    expect((await post(server, `/agents/${agentId}/renewals`, body)).status).toBe(403);
  });

  it("that leaves, or is revoked, is no agent from then on, for good", async () => {
    await using server = await startTestServer(byHeader);
    const [a, b] = [await joined(server, "a"), await joined(server, "b")];
    const told: string[] = [];
    server.identities.onRevoked((agentId, { reason }) => void told.push(`${agentId}: ${reason}`));
    expect((await asAgent(server, b.agentId, `/agents/${a.agentId}/leave`, {})).status).toBe(403);
    const left = await asAgent(server, a.agentId, `/agents/${a.agentId}/leave`, {});
    expect(await left.json()).toEqual({ agentId: a.agentId, revokedAtMs: expect.any(Number) });
    const revoked = await post(server, `/agents/${b.agentId}/revoke`, { reason: "sold" });
    expect(revoked).toMatchObject({ status: 200, body: { agentId: b.agentId } });
    expect(await post(server, `/agents/${b.agentId}/revoke`, { reason: "again" })).toEqual(revoked);
    expect((await post(server, "/agents/nobody/revoke", {})).body).toMatchObject({
      type: "urn:kiln:problem:no-such-agent",
    });
    expect([a, b].map(({ agentId }) => server.identities.isAgent(agentId))).toEqual([false, false]);
    expect(told).toEqual([`${a.agentId}: it left the farm`, `${b.agentId}: sold`]);
    const { request, natsPublicKey, nowMs } = (await newMachine("")).body;
    const again = await asAgent(server, b.agentId, `/agents/${b.agentId}/renewals`, { request, natsPublicKey, nowMs });
    expect((await again.json()) as Problem).toMatchObject({ type: "urn:kiln:problem:agent-revoked" });
  });

  it("whose revocation could not be stored is one as before, and may be revoked again", async () => {
    await using server = await startTestServer();
    const { agentId } = await joined(server);
    vi.spyOn(server.store.identities, "revoke").mockRejectedValueOnce(new Error("the disk is full"));
    expect((await post(server, `/agents/${agentId}/revoke`, {})).status).toBe(500);
    expect(server.identities.isAgent(agentId)).toBe(true);
    expect((await post(server, `/agents/${agentId}/revoke`, {})).status).toBe(200);
    expect(await server.store.identities.enrolledAgents()).toMatchObject([{ revokedAtMs: expect.any(Number) }]);
    expect(await auditOf(server, "agent.revoke")).toHaveLength(1);
  });

  it("may use what agents need, and nothing of people's", async () => {
    await using server = await startTestServer({
      ...byHeader,
      holdsAttemptOf: (agentId, run) => agentId === "a" && run === 1,
    });
    expect((await asAgent(server, "a", `/blobs/${"a".repeat(64)}`)).status).toBe(404);
    const reader = await asAgent(server, "a", "/runs/r1/reader");
    expect(await reader.json()).toEqual(runReader(TOKEN, 1));
    expect((await asAgent(server, "a", "/runs/r2/reader")).status).toBe(403);
    for (const path of ["/runs", "/agents", "/farm", "/join-tokens"]) {
      expect((await asAgent(server, "a", path)).status).toBe(403);
    }
    expect((await asAgent(server, "a", "/join-tokens", {})).status).toBe(403);
  });
});
