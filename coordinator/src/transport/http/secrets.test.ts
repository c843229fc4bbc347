import { readFileSync } from "node:fs";
import type { AuditPage, Problem, SecretView } from "@kiln/proto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "./testing.ts";

let server: TestServer;
beforeEach(async () => void (server = await startTestServer()));
afterEach(() => server[Symbol.asyncDispose]());

function put(name: string, body: object): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return server.get(`/secrets/${name}`, { method: "PUT", body: JSON.stringify(body), headers });
}
const list = async () => ((await (await server.get("/secrets")).json()) as { secrets: SecretView[] }).secrets;

describe("a secret for jobs", () => {
  it("is set, listed without its value, replaced and removed, and each is written down", async () => {
    const answer = await put("INDEX_TOKEN", { value: "hunter22-value" });
    expect(answer.status).toBe(200);
    expect((await put("INDEX_TOKEN", { value: "hunter23-value", project: "Demo" })).status).toBe(200);
    expect((await put("INDEX_TOKEN", { value: "hunter24-value" })).status).toBe(200);
    expect(await list()).toMatchObject([
      { name: "INDEX_TOKEN", project: null, setBy: "owner", readable: true },
      { name: "INDEX_TOKEN", project: "demo" },
    ]);
    expect((await server.get("/secrets/INDEX_TOKEN?project=demo", { method: "DELETE" })).status).toBe(204);
    expect((await server.get("/secrets/INDEX_TOKEN?project=demo", { method: "DELETE" })).status).toBe(404);
    const { entries } = (await (await server.get("/audit")).json()) as AuditPage;
    expect(entries.map(({ what, object }) => `${what} ${object}`)).toEqual([
      "secret.remove INDEX_TOKEN of demo",
      "secret.set INDEX_TOKEN",
      "secret.set INDEX_TOKEN of demo",
      "secret.set INDEX_TOKEN",
    ]);
    for (const text of [JSON.stringify([await answer.json(), await list(), entries])])
      expect(text).not.toContain("hunter");
  });

  it("is nowhere in the store's files in the clear", async () => {
    await put("INDEX_TOKEN", { value: "hunter22-value" });
    for (const end of ["", "-wal"]) {
      const bytes = readFileSync(`${server.folder}/kiln.db${end}`);
      expect([end, bytes.includes("hunter22"), bytes.includes("INDEX_TOKEN")]).toEqual([end, false, end === "-wal"]);
    }
  });

  it("that cannot be one is refused with why, and without its value", async () => {
    const refused = await put("INDEX_TOKEN", { value: "abc" });
    const problem = (await refused.json()) as Problem;
    expect(problem).toMatchObject({ status: 422, type: "urn:kiln:problem:secret-refused" });
    expect(problem.detail).not.toContain("abc");
    expect((await put("index_token", { value: "good-value" })).status).toBe(422);
    expect((await put("INDEX_TOKEN", {})).status).toBe(400);
  });
});
