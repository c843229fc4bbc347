import type { AuditPage, CreatedToken, Problem } from "@kiln/proto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runRow } from "../../domain/testing.ts";
import { startTestServer, type TestServer } from "./testing.ts";

let server: TestServer;
beforeEach(async () => void (server = await startTestServer()));
afterEach(() => server[Symbol.asyncDispose]());

function create(body: object): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return server.get("/tokens", { method: "POST", body: JSON.stringify(body), headers });
}
const farmWith = (token: string) =>
  fetch(`${server.url}/api/v1/farm`, { headers: { authorization: `Bearer ${token}` } });

describe("a token", () => {
  it("opens what its role may from its making to its end, and is told once", async () => {
    const made = await create({ name: "ci", role: "submitter" });
    expect([made.status, made.headers.get("cache-control")]).toEqual([201, "no-store"]);
    const { token, ...view } = (await made.json()) as CreatedToken;
    expect(token).toMatch(/^kiln_api_f{43}_[0-9A-Za-z]{32}$/);
    expect(view).toMatchObject({
      name: "ci",
      role: "submitter",
      createdBy: "owner",
      expiresAtMs: null,
      expired: false,
    });
    expect((await farmWith(token)).status).toBe(200);

    const list = await (await server.get("/tokens")).text();
    expect(list).not.toContain(token.slice(-32));
    expect(JSON.parse(list)).toMatchObject({ tokens: [{ name: "ci", usedAtMs: expect.any(Number) }] });

    expect((await server.get("/tokens/ci", { method: "DELETE" })).status).toBe(204);
    expect((await farmWith(token)).status).toBe(401);
    expect((await server.get("/tokens/ci", { method: "DELETE" })).status).toBe(404);
  });

  it("is a password for installers and uploaders, as far as its role goes, and for nobody else", async () => {
    const statusWith = async (role: string, method: string, path: string) => {
      const name = `${role}-${method.toLowerCase()}-${path.length}`;
      const { token } = (await (await create({ name, role })).json()) as CreatedToken;
      const authorization = `Basic ${Buffer.from(`anybody:${token}`).toString("base64")}`;
      return (await fetch(`${server.url}${path}`, { method, headers: { authorization } })).status;
    };
    expect(await statusWith("viewer", "GET", "/index/r9/any/simple/")).toBe(404);
    expect(await statusWith("viewer", "POST", "/index/r9/any/legacy/")).toBe(403);
    expect(await statusWith("submitter", "POST", "/index/r9/any/legacy/")).toBe(400);
    expect(await statusWith("operator", "GET", "/api/v1/runs")).toBe(401);
  });

  it("is not in the store: only its digest is", async () => {
    const { token } = (await (await create({ name: "ci", role: "viewer" })).json()) as CreatedToken;
    const rows = await server.store.apiTokens.list();
    expect(JSON.stringify(rows)).not.toContain(token.slice(-32));
    expect(rows).toMatchObject([{ name: "ci", digest: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
  });

  it("has a name of its own and a role that there is", async () => {
    expect((await create({ name: "ci", role: "viewer" })).status).toBe(201);
    const again = await create({ name: "ci", role: "operator" });
    expect(again.status).toBe(409);
    expect(((await again.json()) as Problem).detail).toContain("kiln token revoke ci");
    for (const body of [
      { name: "Ci", role: "viewer" },
      { name: "x", role: "root" },
      { name: "y", role: "viewer", expiresInMs: 1 },
    ]) {
      expect((await create(body)).status).toBe(400);
    }
  });

  it("is written down when it is made and revoked", async () => {
    await create({ name: "ci", role: "releaser", expiresInMs: 86_400_000 });
    await server.get("/tokens/ci", { method: "DELETE" });
    const { entries } = (await (await server.get("/audit")).json()) as AuditPage;
    expect(entries).toMatchObject([
      { who: "owner", what: "token.revoke", object: "ci", outcome: "done", from: "127.0.0.1" },
      { who: "owner", what: "token.create", object: "ci", detail: expect.stringMatching(/^role releaser, expires 20/) },
    ]);
  });
});

describe("the audit log", () => {
  it("is read in pages, and by who and what", async () => {
    for (const name of ["a", "b", "c"]) await create({ name, role: "viewer" });
    const objects = async (query: string) =>
      ((await (await server.get(`/audit?${query}`)).json()) as AuditPage).entries.map(({ object }) => object);
    const first = (await (await server.get("/audit?limit=2")).json()) as AuditPage;
    expect(first.entries.map(({ object }) => object)).toEqual(["c", "b"]);
    expect(await objects(`limit=2&before=${first.next}`)).toEqual(["a"]);
    expect(await objects("what=token.revoke")).toEqual([]);
    expect(await objects("who=owner&what=token.create")).toEqual(["c", "b", "a"]);
    expect(await objects(`since=${Date.now() + 60_000}`)).toEqual([]);
    expect((await server.get("/audit?what=nonsense")).status).toBe(400);
  });

  it("has who pinned a run, and nothing of what did not happen", async () => {
    await server.store.commit([{ op: "insert-run", run: runRow(7), planJson: "{}", jobs: [], builds: [] }]);
    expect((await server.get("/runs/r9/pin", { method: "PUT" })).status).toBe(404);
    expect((await server.get("/runs/r7/pin", { method: "PUT" })).status).toBe(200);
    const { entries } = (await (await server.get("/audit")).json()) as AuditPage;
    expect(entries).toMatchObject([{ who: "owner", what: "run.pin", object: "r7", outcome: "done" }]);
  });
});
