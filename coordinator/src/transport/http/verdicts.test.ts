import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TESTER } from "../../domain/testing.ts";
import { startTestServer, type TestServer } from "./testing.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const DIGEST = "c".repeat(64);
const post = (path: string, body: unknown) =>
  server.get(path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
const problem = async (response: Response) => [response.status, ((await response.json()) as { type: string }).type];

describe("the verdict of a run", () => {
  test("is refused where there is no such run, and where it is not judged", async () => {
    expect(await problem(await server.get("/runs/r9/verdict"))).toEqual([404, "urn:kiln:problem:no-such-run"]);
    expect(await problem(await server.get("/runs/r7/verdict"))).toEqual([409, "urn:kiln:problem:not-judged"]);
  });

  test("needs the farm's token", async () => {
    expect((await fetch(`${server.url}/api/v1/runs/r7/verdict`)).status).toBe(401);
  });
});

describe("decisions", () => {
  const waiver = { gate: "G16", digest: DIGEST, onBehalfOf: "ada", reason: "known", expiresAtMs: 2_000_000_000_000 };

  test("reach the farm as they were written, by whoever the token says", async () => {
    const approval = { digest: DIGEST, onBehalfOf: "ada" };
    await post("/runs/r7/approvals", approval);
    const made = await server.apiTokens.create({ name: "ci", role: "releaser", lifetimeMs: null }, TESTER);
    if (!made.ok) throw new Error(made.reason);
    await server.get("/runs/r7/waivers", {
      method: "POST",
      body: JSON.stringify(waiver),
      headers: { "content-type": "application/json", authorization: `Bearer ${made.token}` },
    });
    expect(server.farm.decided).toEqual([
      { body: approval, by: { who: "owner", from: "127.0.0.1", role: "operator" } },
      { body: waiver, by: { who: "token:ci", from: "127.0.0.1", role: "releaser" } },
    ]);
  });

  test.for([
    ["/runs/r7/approvals", { digest: "abc" }],
    ["/runs/r7/approvals", { digest: DIGEST, onBehalfOf: "" }],
    ["/runs/r7/approvals", { digest: DIGEST, who: "ada" }],
    ["/runs/r7/approvals", { digest: DIGEST, role: "operator" }],
    ["/runs/r7/waivers", { ...waiver, who: "ada" }],
    ["/runs/r7/waivers", { ...waiver, gate: "coverage" }],
    ["/runs/r7/waivers", { ...waiver, reason: "x".repeat(501) }],
    ["/runs/r7/waivers", { ...waiver, expiresAtMs: "tomorrow" }],
  ] as const)("to %s with %o are refused", async ([path, body]) => {
    const { length } = server.farm.decided;
    expect(await problem(await post(path, body))).toEqual([400, "urn:kiln:problem:invalid-request"]);
    expect(server.farm.decided).toHaveLength(length);
  });

  test("that cannot be taken are told why", async () => {
    server.farm.verdictOutcome = { ok: false, reason: "cannot-decide", detail: "the candidate is another" };
    expect(await problem(await post("/runs/r7/waivers", waiver))).toEqual([409, "urn:kiln:problem:cannot-decide"]);
  });
});
