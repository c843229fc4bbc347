import { PROBLEMS } from "./problem.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "./testing.ts";

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: unknown }>> };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: object }>>;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>>; readonly securitySchemes: object };
}

let server: TestServer;
let document: Document;
beforeAll(async () => {
  server = await startTestServer();
  document = (await (await server.get("/openapi.json")).json()) as Document;
});
afterAll(() => server[Symbol.asyncDispose]());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, route: `${method} ${path}` })),
  );

describe("the OpenAPI document", () => {
  it("has every route", () => {
    expect(
      operations()
        .map(({ route }) => route)
        .toSorted(),
    ).toEqual([
      "delete /api/v1/agents/{agent}/windows/{window}",
      "delete /api/v1/join-tokens/{id}",
      "delete /api/v1/runs/{run}/pin",
      "delete /api/v1/secrets/{name}",
      "delete /api/v1/tokens/{name}",
      "get /api/v1/agents",
      "get /api/v1/agents/{agentId}/update",
      "get /api/v1/agents/{agent}",
      "get /api/v1/audit",
      "get /api/v1/blobs/{sha256}",
      "get /api/v1/blobs/{sha256}/upload",
      "get /api/v1/farm",
      "get /api/v1/join-tokens",
      "get /api/v1/openapi.json",
      "get /api/v1/projects/{name}",
      "get /api/v1/runs",
      "get /api/v1/runs/{run}",
      "get /api/v1/runs/{run}/events",
      "get /api/v1/runs/{run}/jobs/{job}",
      "get /api/v1/runs/{run}/jobs/{job}/log",
      "get /api/v1/runs/{run}/jobs/{job}/log/times",
      "get /api/v1/runs/{run}/reader",
      "get /api/v1/runs/{run}/staged",
      "get /api/v1/runs/{run}/verdict",
      "get /api/v1/secrets",
      "get /api/v1/tokens",
      "get /ca.pem",
      "get /healthz",
      "get /index/upstream/{source}/{project}/{sha256}/{filename}",
      "get /index/{run}/{variant}/files/{sha256}/{filename}",
      "get /index/{run}/{variant}/simple/",
      "get /index/{run}/{variant}/simple/{project}/",
      "get /metrics",
      "get /readyz",
      "head /api/v1/blobs/{sha256}",
      "head /index/upstream/{source}/{project}/{sha256}/{filename}",
      "head /index/{run}/{variant}/files/{sha256}/{filename}",
      "post /api/v1/agents/{agentId}/leave",
      "post /api/v1/agents/{agentId}/renewals",
      "post /api/v1/agents/{agentId}/revoke",
      "post /api/v1/agents/{agent}/clear",
      "post /api/v1/agents/{agent}/mode",
      "post /api/v1/agents/{agent}/windows",
      "post /api/v1/enrolments",
      "post /api/v1/join-tokens",
      "post /api/v1/runs",
      "post /api/v1/runs/{run}/approvals",
      "post /api/v1/runs/{run}/cancel",
      "post /api/v1/runs/{run}/retry",
      "post /api/v1/runs/{run}/self-comparisons",
      "post /api/v1/runs/{run}/staged/{filename}/unyank",
      "post /api/v1/runs/{run}/staged/{filename}/yank",
      "post /api/v1/runs/{run}/waivers",
      "post /api/v1/tokens",
      "post /index/{run}/{variant}/legacy/",
      "put /api/v1/agents/{agentId}/update",
      "put /api/v1/blobs/{sha256}",
      "put /api/v1/runs/{run}/pin",
      "put /api/v1/secrets/{name}",
    ]);
    const ids = operations().map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("says of every route what it answers, its own failures and the sender's included", () => {
    for (const { route, responses, security } of operations()) {
      const statuses = Object.keys(responses);
      expect(statuses).toEqual(expect.arrayContaining(["400", "500"]));
      if (security?.length !== 0) expect(statuses).toContain("401");
      if (route.includes("{run}")) expect(statuses).toContain("404");
      for (const [status, { description, content }] of Object.entries(responses)) {
        expect(description.length).toBeGreaterThan(3);
        const isProblem = JSON.stringify(content ?? {}).includes("application/problem+json");
        expect([route, status, isProblem]).toEqual([route, status, Number(status) >= 400]);
      }
    }
  });

  it("asks for the token everywhere but where the process is watched or machines join", () => {
    const open = operations().filter(({ security }) => security?.length === 0);
    expect(open.map(({ route }) => route).toSorted()).toEqual([
      "get /ca.pem",
      "get /healthz",
      "get /readyz",
      "post /api/v1/enrolments",
    ]);
    expect(document.components.securitySchemes).toEqual({
      token: { type: "http", scheme: "bearer", description: expect.any(String) },
      tokenAsPassword: { type: "http", scheme: "basic", description: expect.any(String) },
      agentCertificate: { type: "mutualTLS", description: expect.any(String) },
    });
  });

  it("knows every problem that the API answers with, but those that no route can answer for", () => {
    const text = JSON.stringify(document);
    const outside = ["no-such-route", "request-timeout", "misdirected", "headers-too-large"];
    const missing = Object.keys(PROBLEMS).filter((name) => !text.includes(`urn:kiln:problem:${name}`));
    expect(missing).toEqual(outside);
  });

  it("names its schemas and refers to them", () => {
    expect(document.openapi).toBe("3.1.0");
    const post = document.paths["/api/v1/runs"]?.["post"];
    expect(post?.requestBody?.content["application/json"]?.schema).toEqual({
      $ref: "#/components/schemas/SubmitRunBody",
    });
    expect(post?.responses["201"]?.content).toEqual({
      "application/json": { schema: { $ref: "#/components/schemas/RunView" } },
    });
    const refs = new Set(JSON.stringify(document).match(/#\/components\/schemas\/\w+/g));
    for (const ref of refs) expect(document.components.schemas).toHaveProperty(ref.split("/").at(-1) ?? "");
    expect(refs.size).toBe(Object.keys(document.components.schemas).length);
  });

  it("describes the form that stages a file, and that a password will do on the index", () => {
    const post = document.paths["/index/{run}/{variant}/legacy/"]?.["post"];
    expect(post?.requestBody?.content).toMatchObject({
      "multipart/form-data": { schema: { required: [":action", "sha256_digest", "content"] } },
    });
    expect(post?.security).toEqual([{ tokenAsPassword: [] }, { token: [] }, { agentCertificate: [] }]);
  });

  it("describes what goes in as raw bytes", () => {
    const put = document.paths["/api/v1/blobs/{sha256}"]?.["put"];
    expect(Object.keys(put?.requestBody?.content ?? {})).toEqual(["application/octet-stream"]);
  });
});
