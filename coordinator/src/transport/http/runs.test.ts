import type { Problem, RunView, SubmitRunBody } from "@kiln/proto";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { SubmitOutcome } from "../../services/api.ts";
import { FakeFarm, startTestServer, type TestServer } from "./testing.ts";

let server: TestServer;
beforeAll(async () => void (server = await startTestServer({ limits: { jsonBytesMax: 20_000 } })));
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => void Object.assign(server.farm, new FakeFarm()));

const GOOD: SubmitRunBody = {
  spec: "",
  specFile: "kiln.yaml",
  source: { sha256: "a".repeat(64), sizeBytes: 10, filename: "demo-1.0.tar.gz" },
  candidate: { name: "demo", version: "1.0", requiresPython: null, factsFrom: "PKG-INFO", origin: "demo/" },
};

function post(path: string, body: unknown, contentType = "application/json"): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return server.get(path, { method: "POST", body: text, headers: { "content-type": contentType } });
}

async function problem(response: Promise<Response>): Promise<Problem> {
  return (await (await response).json()) as Problem;
}

describe("submitting a run", () => {
  it("gives the run that was created, and where it is", async () => {
    const response = await post("/runs", GOOD);
    expect(response.status).toBe(201);
    expect(response.headers.get("location")).toBe("/api/v1/runs/r7");
    expect(((await response.json()) as RunView).run).toBe("r7");
    expect(server.farm.submitted).toEqual([GOOD]);
  });

  it("gives the first run again for a submissionId that was seen before", async () => {
    server.farm.submitOutcome = { ok: true, run: 7, created: false };
    expect((await post("/runs", { ...GOOD, submissionId: "12345678" })).status).toBe(200);
  });

  it("says what is wrong with a spec, mistake by mistake", async () => {
    const mistake = { file: "kiln.yaml", line: 3, column: 5, path: "test", message: "no", suggestion: "yes" };
    server.farm.submitOutcome = { ok: false, reason: "bad-spec", problems: [mistake, mistake] };
    expect(await problem(post("/runs", GOOD))).toEqual({
      type: "urn:kiln:problem:bad-spec",
      title: "The spec has mistakes",
      status: 422,
      detail: "kiln.yaml has 2 mistakes; nothing was submitted",
      problems: [mistake, mistake],
    });
  });

  it("says what to do when the source is missing or the queue is full", async () => {
    const refusals: [SubmitOutcome, number, string][] = [
      [{ ok: false, reason: "source-missing", sha256: "b".repeat(64) }, 422, `PUT /api/v1/blobs/${"b".repeat(64)}`],
      [{ ok: false, reason: "cannot-reuse", detail: "there is no run r9" }, 422, "there is no run r9"],
      [{ ok: false, reason: "queue-full", limit: 1234 }, 503, "1234 jobs"],
    ];
    for (const [outcome, status, part] of refusals) {
      server.farm.submitOutcome = outcome;
      expect(await problem(post("/runs", GOOD))).toMatchObject({ status, detail: expect.stringContaining(part) });
    }
  });

  it("takes results of earlier runs in no other words than those it knows", async () => {
    for (const reuse of ["builds", "never", "r12"]) expect((await post("/runs", { ...GOOD, reuse })).status).toBe(201);
    for (const reuse of ["r0", "12", "last", "", 3]) {
      expect(await problem(post("/runs", { ...GOOD, reuse }))).toMatchObject({
        ...{ status: 400, detail: expect.stringContaining("body.reuse must") },
      });
    }
  });

  it("names every field that is wrong, and where", async () => {
    const body = {
      ...GOOD,
      specfile: "x",
      source: { ...GOOD.source, sha256: "A" },
      candidate: { name: "", version: 3 },
    };
    const { status, detail } = await problem(post("/runs", body));
    expect(status).toBe(400);
    expect(detail).toBe(
      'body has what is not known here: "specfile"; body.source.sha256 must match pattern "^[0-9a-f]{64}$"; ' +
        'body.candidate lacks "requiresPython", "factsFrom", "origin"; ' +
        "body.candidate.name must not have fewer than 1 characters; " +
        "body.candidate.version must be string or must be null. GET /api/v1/openapi.json says what is taken here.",
    );
  });

  it("refuses what is not JSON, not declared as JSON, empty, poisoned or too large, each with its reason", async () => {
    const cases: [Promise<Response>, number, string][] = [
      [post("/runs", '{\n  "spec": x'), 400, "Unexpected token 'x'"],
      [post("/runs", "", "application/json"), 400, "the body is empty"],
      [post("/runs", '{"__proto__": {"x": 1}}'), 400, "__proto__"],
      [post("/runs", GOOD, "text/plain"), 415, "Content-Type: application/json"],
      [post("/runs", { ...GOOD, spec: "x".repeat(20_000) }), 413, "20000 bytes (limit http-json-bytes)"],
    ];
    for (const [response, status, part] of cases) {
      const found = await problem(response);
      expect({ status: found.status, detail: found.detail }).toEqual({ status, detail: expect.stringContaining(part) });
    }
    expect(server.limitsReached).toEqual(["http-json-bytes"]);
    expect(server.farm.submitted).toEqual([]);
  });

  it("answers any JSON whatever with a problem of the sender's, or takes it", async () => {
    const nearMiss = fc.record(
      {
        spec: fc.oneof(fc.string(), fc.jsonValue()),
        specFile: fc.oneof(fc.string(), fc.jsonValue()),
        source: fc.oneof(fc.constant(GOOD.source), fc.jsonValue()),
        candidate: fc.oneof(fc.constant(GOOD.candidate), fc.jsonValue()),
        submissionId: fc.oneof(fc.string({ minLength: 8, maxLength: 100 }), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    const paths = fc.constantFrom("/runs", "/runs/r7/retry", "/runs/r7/cancel");
    await fc.assert(
      fc.asyncProperty(paths, fc.oneof(fc.jsonValue(), nearMiss), async (path, body) => {
        const response = await post(path, body);
        expect(response.status).toBeLessThan(500);
        const answer = (await response.json()) as Partial<Problem & RunView>;
        if (response.ok) expect(answer.run).toBe("r7");
        else expect(answer.type).toMatch(/^urn:kiln:problem:/);
      }),
      { numRuns: 300 },
    );
  });

  it("answers any bytes whatever with a problem of the sender's", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", minLength: 1 }), fc.string(), async (body, type) => {
        const contentType = /^[\x20-\x7e]*$/.test(type) ? type : "application/json";
        const response = await post("/runs", body, contentType);
        expect(response.status).toBeGreaterThanOrEqual(400);
        expect(response.status).toBeLessThan(500);
      }),
      { numRuns: 200 },
    );
  });
});

describe("runs", () => {
  it("are listed by page", async () => {
    expect(await (await server.get("/runs")).json()).toMatchObject({ runs: [{ run: "r7" }] });
    expect(await (await server.get("/runs?limit=10&before=r8")).json()).toMatchObject({ runs: [{ run: "r7" }] });
    expect(await (await server.get("/runs?before=r7")).json()).toEqual({ runs: [] });
    for (const query of ["limit=0", "limit=201", "limit=x", "limit=1&limit=2", "page=2"]) {
      expect((await server.get(`/runs?${query}`)).status).toBe(400);
    }
    expect((await server.get("/runs?before=7")).status).toBe(404);
  });

  it("are shown, cancelled and retried by name", async () => {
    for (const response of [
      await server.get("/runs/r7"),
      await server.get("/runs/r7/cancel", { method: "POST" }),
      await post("/runs/r7/retry", { only: "failed" }),
    ]) {
      expect([response.status, ((await response.json()) as RunView).run]).toEqual([200, "r7"]);
    }
    expect((await problem(server.get("/runs/r8/cancel", { method: "POST" }))).type).toContain("no-such-run");
    expect((await problem(server.get("/runs/r8"))).detail).toContain("there is no run r8");
    expect((await post("/runs/r7/retry", { only: "all" })).status).toBe(400);
    server.farm.commandOutcome = { ok: false, reason: "nothing-to-retry" };
    expect(await problem(post("/runs/r7/retry", { only: "failed" }))).toMatchObject({ status: 409 });
  });

  it("show their jobs one by one", async () => {
    expect(await (await server.get("/runs/r7/jobs/build-cp312")).json()).toMatchObject({ run: "r7", history: [] });
    expect((await problem(server.get("/runs/r7/jobs/build-cp399"))).type).toContain("no-such-job");
    expect((await problem(server.get("/runs/r8/jobs/build-cp312"))).type).toContain("no-such-run");
  });
});

describe("the farm", () => {
  it("shows its agents, its version and its Pythons", async () => {
    expect(await (await server.get("/agents")).json()).toEqual({ agents: [] });
    expect(await (await server.get("/farm")).json()).toEqual({
      version: "1.2.3",
      stored: { blobs: 0, bytes: 0, bytesMax: 0 },
      pythons: [{ platform: "linux-x86_64", feature: "3.12" }],
    });
  });
});
