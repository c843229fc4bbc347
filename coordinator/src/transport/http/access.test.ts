import type { Problem } from "@kiln/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROLES, type Access, type Role } from "../../domain/principal.ts";
import { TESTER } from "../../domain/testing.ts";
import { startTestServer, TOKEN, type TestServer } from "./testing.ts";

interface Route {
  readonly method: string;
  readonly path: string;
  readonly access: Access;
}

/** Every route of a server, with who may use it. */
async function routesOf(started: TestServer): Promise<readonly Route[]> {
  const document = (await (await started.get("/openapi.json")).json()) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly "x-kiln-access": Access }>>>>;
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, access: operation["x-kiln-access"] })),
  );
}

async function madeToken(started: TestServer, role: Role) {
  const made = await started.apiTokens.create({ name: role, role, lifetimeMs: null }, TESTER);
  if (!made.ok) throw new Error(made.reason);
  return made;
}

let server: TestServer;
let routes: readonly Route[];
const tokens = new Map<Role, string>();
beforeAll(async () => {
  server = await startTestServer({
    limits: { authFailuresPerMinuteMax: 10_000 },
    agentOf: ({ headers }) => (headers["x-test-agent"] as string | undefined) ?? null,
  });
  routes = await routesOf(server);
  for (const role of ROLES) {
    tokens.set(role, (await madeToken(server, role)).token);
  }
});
afterAll(() => server[Symbol.asyncDispose]());

function ask({ method, path }: Pick<Route, "method" | "path">, headers: Readonly<Record<string, string>>) {
  const url = `${server.url}${path.replace("{agentId}", "a1").replaceAll(/\{\w+\}/g, "nothing")}`;
  return fetch(url, { method: method.toUpperCase(), headers, redirect: "manual" });
}

async function statusFor(route: Route, headers: Readonly<Record<string, string>>): Promise<number> {
  const response = await ask(route, headers);
  await response.arrayBuffer();
  return response.status;
}

const allowed = (status: number) => status !== 401 && status !== 403;

describe("every route", () => {
  it("says who may use it, or the server does not start", async () => {
    expect(routes.length).toBeGreaterThan(30);
    for (const { path, access } of routes) expect([path, access]).not.toEqual([path, undefined]);
    expect(() => server.app.get("/more", async () => "")).toThrow();
    await using other = await startTestServer({
      addRoutes: (app) => app.get("/open", { config: { access: "open" } }, async () => ""),
    });
    expect((await fetch(`${other.url}/open`)).status).toBe(200);
    const wrong = startTestServer({ addRoutes: (app) => app.get("/silent", async () => "") });
    await expect(wrong).rejects.toThrow("GET /silent does not say who may use it");
  });

  it("takes a token of its least role and of those above it, and refuses those below with the role that it needs", async () => {
    for (const route of routes) {
      const { access } = route;
      for (const role of ROLES) {
        const headers = { authorization: `Bearer ${tokens.get(role)}` };
        const expected =
          access === "open" || (access !== "agents" && ROLES.indexOf(role) >= ROLES.indexOf(access.least));
        expect([route.method, route.path, role, allowed(await statusFor(route, headers))]).toEqual([
          route.method,
          route.path,
          role,
          expected,
        ]);
      }
    }
  });

  it("is open to nobody who says nothing, or shows another token, but where it says so", async () => {
    const wrong = [
      {},
      { authorization: "Bearer nothing" },
      { authorization: `Bearer kiln_api_${"f".repeat(43)}_${"0".repeat(32)}` },
    ];
    for (const route of routes) {
      for (const headers of wrong) {
        expect([route.path, await statusFor(route, headers)].join(" ")).toMatch(
          route.access === "open" ? /(?<! 401)$/ : / 401$/,
        );
      }
    }
  });

  it("takes the certificate of an agent only where it says so", async () => {
    const taken: string[] = [];
    for (const route of routes) {
      const isAllowed = allowed(await statusFor(route, { "x-test-agent": "a1" }));
      const expected = route.access === "open" || route.access === "agents" || route.access.agents === true;
      expect([route.path, isAllowed]).toEqual([route.path, expected]);
      if (isAllowed && route.access !== "open") taken.push(`${route.method} ${route.path}`);
    }
    expect(taken.filter((route) => !route.includes("/index/")).toSorted()).toEqual([
      "get /api/v1/blobs/{sha256}",
      "get /api/v1/blobs/{sha256}/upload",
      "get /api/v1/runs/{run}/reader",
      "get /api/v1/runs/{run}/staged",
      "head /api/v1/blobs/{sha256}",
      "post /api/v1/agents/{agentId}/leave",
      "post /api/v1/agents/{agentId}/renewals",
      "put /api/v1/blobs/{sha256}",
    ]);
  });

  it("changes things only for those who may more than look", () => {
    for (const { method, path, access } of routes) {
      if (method === "get" || method === "head" || access === "open" || access === "agents") continue;
      expect([path, access.least]).not.toEqual([path, "viewer"]);
    }
  });
});

describe("what is refused", () => {
  it("names the role that is needed, the one there is, and how to get the other", async () => {
    const response = await ask(
      { method: "post", path: "/api/v1/runs" },
      { authorization: `Bearer ${tokens.get("viewer")}` },
    );
    const problem = (await response.json()) as Problem;
    expect(problem).toMatchObject({ status: 403, type: "urn:kiln:problem:forbidden" });
    expect(problem.detail).toBe(
      "this needs the role submitter, and the token viewer is a viewer's; an operator makes another with " +
        "`kiln token create NAME --role submitter`",
    );
  });

  it("is in the audit log, with the address and without what was sent", async () => {
    await using own = await startTestServer();
    const secret = `kiln_api_${"f".repeat(43)}_${"s".repeat(32)}`;
    const headers = { authorization: `Bearer ${secret}` };
    await fetch(`${own.url}/api/v1/farm?secret=in-the-query`, { headers });
    const { token } = await madeToken(own, "viewer");
    await fetch(`${own.url}/api/v1/tokens`, { headers: { authorization: `Bearer ${token}` } });
    const text = await (await own.get("/audit?what=access")).text();
    expect(JSON.parse(text)).toMatchObject({
      entries: [
        { who: "token:viewer", object: "GET /api/v1/tokens", outcome: "refused", from: "127.0.0.1" },
        { who: "nobody", object: "GET /api/v1/farm", outcome: "refused", from: "127.0.0.1" },
      ],
    });
    expect(text).not.toContain(secret);
  });

  it("says of another farm's token, a join token and a revoked one what they are", async () => {
    const detail = async (token: string) => {
      const response = await ask({ method: "get", path: "/api/v1/farm" }, { authorization: `Bearer ${token}` });
      return ((await response.json()) as Problem).detail;
    };
    const secret = "0".repeat(32);
    expect(await detail(`kiln_api_${"g".repeat(43)}_${secret}`)).toContain("another farm's");
    expect(await detail(`kiln_join_${"f".repeat(43)}_${secret}`)).toContain("lets a machine join");
    expect(await detail(`kiln_api_${"f".repeat(43)}_${secret}`)).toContain("revoked");
    expect(await detail(TOKEN.slice(1))).toContain("no token of Kiln");
  });
});
