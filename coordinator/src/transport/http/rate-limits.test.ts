import type { Problem } from "@kiln/proto";
import { describe, expect, it } from "vitest";
import { TESTER } from "../../domain/testing.ts";
import { startTestServer, TOKEN, type TestServer } from "./testing.ts";

async function statuses(server: TestServer, token: string | null, times: number): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < times; i++) {
    const headers = token === null ? {} : { authorization: `Bearer ${token}` };
    all.push((await fetch(`${server.url}/api/v1/farm`, { headers })).status);
  }
  return all;
}

describe("limits of requests in a minute", () => {
  it("hold for each principal apart, with when to come again", async () => {
    await using server = await startTestServer({ limits: { requestsPerMinuteMax: 3 } });
    const made = await server.apiTokens.create({ name: "ci", role: "viewer", lifetimeMs: null }, TESTER);
    if (!made.ok) throw new Error(made.reason);
    expect(await statuses(server, TOKEN, 4)).toEqual([200, 200, 200, 429]);
    expect(await statuses(server, made.token, 1)).toEqual([200]);
    const refused = await fetch(`${server.url}/api/v1/farm`, { headers: { authorization: `Bearer ${TOKEN}` } });
    const retryAfter = Number(refused.headers.get("retry-after"));
    expect(retryAfter).toBeGreaterThan(0);
    expect(retryAfter).toBeLessThanOrEqual(60);
    const problem = (await refused.json()) as Problem;
    expect(problem).toMatchObject({ status: 429, type: "urn:kiln:problem:too-many-requests" });
    expect(problem.detail).toContain("KILN_REQUESTS_PER_MINUTE_MAX");
    expect(server.limitsReached).toEqual(["http-requests", "http-requests"]);
  });

  it("hold for guesses of an address, and let through who has a token meanwhile", async () => {
    await using server = await startTestServer({ limits: { authFailuresPerMinuteMax: 2 } });
    expect(await statuses(server, "guess", 4)).toEqual([401, 401, 429, 429]);
    expect(await statuses(server, null, 1)).toEqual([429]);
    expect(await statuses(server, TOKEN, 5)).toEqual([200, 200, 200, 200, 200]);
    expect(server.limitsReached).toEqual(Array<string>(3).fill("http-auth-failures"));
    const rows = await server.audit.page({ limit: 100, before: null, sinceMs: null, who: null, what: null });
    expect(rows.map(({ outcome }) => outcome)).toEqual(["refused", "refused"]);
  });

  it("hold for what is open to everybody, and for what is not there, by address", async () => {
    await using server = await startTestServer({ limits: { requestsPerMinuteMax: 2 } });
    const status = async (path: string) => (await fetch(`${server.url}${path}`)).status;
    expect([await status("/healthz"), await status("/nothing"), await status("/healthz")]).toEqual([200, 404, 429]);
  });

  it("are their own for enrolments", async () => {
    await using server = await startTestServer({
      limits: { enrolmentsPerMinuteMax: 1 },
      addRoutes: (app) => app.get("/enrol", { config: { access: "open", rate: "enrolments" } }, async () => "welcome"),
    });
    const status = async () => (await fetch(`${server.url}/enrol`)).status;
    expect([await status(), await status()]).toEqual([200, 429]);
    expect(server.limitsReached).toEqual(["http-enrolments"]);
  });
});
