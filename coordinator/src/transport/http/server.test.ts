import { connect } from "node:net";
import { text as readText } from "node:stream/consumers";
import type { Problem } from "@kiln/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PROBLEM_CONTENT_TYPE } from "./problem.ts";
import { startTestServer, TOKEN, type TestServer } from "./testing.ts";

let server: TestServer;
beforeAll(async () => void (server = await startTestServer({ allowedHosts: ["farm.example"] })));
afterAll(() => server[Symbol.asyncDispose]());

async function expectProblem(response: Response, status: number, name: string): Promise<Problem> {
  const body = (await response.json()) as Problem;
  expect({ status: response.status, type: body.type }).toEqual({ status, type: `urn:kiln:problem:${name}` });
  expect(response.headers.get("content-type")).toBe(PROBLEM_CONTENT_TYPE);
  expect(body.detail.length).toBeGreaterThan(10);
  expect(body.status).toBe(status);
  return body;
}

/** Sends raw text over a socket and gives everything that comes back until the server hangs up. */
async function exchange(text: string, port = server.port): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(text);
  return readText(socket);
}

describe("the token", () => {
  it("is asked for on every route of the API, with a challenge", async () => {
    for (const path of [
      "/runs",
      "/runs/r7",
      "/agents",
      "/openapi.json",
      `/blobs/${"a".repeat(64)}`,
      "/runs/r7/events",
    ]) {
      const response = await fetch(`${server.url}/api/v1${path}`);
      expect(response.headers.get("www-authenticate")).toBe('Bearer realm="kiln"');
      await expectProblem(response, 401, "unauthorized");
    }
  });

  it("must be exactly the farm's", async () => {
    for (const authorization of [`Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, "Bearer ", TOKEN, `Basic ${TOKEN}`]) {
      const response = await fetch(`${server.url}/api/v1/runs`, { headers: { authorization } });
      expect(response.headers.get("www-authenticate")).toContain("invalid_token");
      await expectProblem(response, 401, "unauthorized");
    }
    const response = await fetch(`${server.url}/api/v1/runs`, { headers: { authorization: `bearer ${TOKEN}` } });
    expect(response.status).toBe(200);
  });

  it("is not needed to see whether the process is well", async () => {
    const health = await fetch(`${server.url}/healthz`);
    expect(await health.json()).toEqual({ status: "ok", version: "1.2.3" });
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  });

  it("is needed to read the metrics, which name releases and agents", async () => {
    await expectProblem(await fetch(`${server.url}/metrics`), 401, "unauthorized");
    const metrics = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
    expect(metrics.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await metrics.text()).toBe("kiln_slots 4\n");
  });
});

describe("readiness", () => {
  it("says why no work can be taken, also when the check itself fails", async () => {
    let fail = false;
    const ready = async () => {
      if (fail) throw new Error("the check broke");
      return { ok: false, detail: "NATS cannot be reached" } as const;
    };
    await using unready = await startTestServer({ ready });
    const first = await expectProblem(await fetch(`${unready.url}/readyz`), 503, "not-ready");
    expect(first.detail).toBe("NATS cannot be reached");
    fail = true;
    const second = await expectProblem(await fetch(`${unready.url}/readyz`), 503, "not-ready");
    expect(second.detail).toBe("the check broke");
    expect((await fetch(`${unready.url}/healthz`)).status).toBe(200);
  });
});

describe("the Host header", () => {
  const ask = (host: string) => exchange(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);

  it("may be localhost, an IP address, or a name that the server was told", async () => {
    const good = [
      "localhost",
      "LOCALHOST:8270",
      "kiln.localhost",
      "127.0.0.1:1",
      "[::1]:8270",
      "10.1.2.3",
      "Farm.Example:80",
    ];
    for (const host of good) expect(await ask(host)).toContain("HTTP/1.1 200 OK");
  });

  it("may not be another name: a web page could have pointed it here", async () => {
    for (const host of ["evil.example", "localhost.evil.example:8270", "127.0.0.1.evil.example", "xfarm.example", ""]) {
      const answer = await ask(host);
      expect(answer).toContain("HTTP/1.1 421 ");
      expect(answer).toContain("urn:kiln:problem:misdirected");
    }
  });
});

describe("what cannot be answered", () => {
  it("is a problem that names the route when there is none", async () => {
    expect((await expectProblem(await server.get("/nothing?x=1"), 404, "no-such-route")).detail).toContain(
      "there is no GET /api/v1/nothing;",
    );
    await expectProblem(await server.get("/runs", { method: "DELETE" }), 404, "no-such-route");
    await expectProblem(await fetch(`${server.url}/`), 404, "no-such-route");
    await expectProblem(await server.get("/runs/%zz"), 400, "invalid-request");
  });

  it("is a problem that names the limit when the headers are too large", async () => {
    const answer = await exchange(`GET / HTTP/1.1\r\nHost: localhost\r\nX-Huge: ${"x".repeat(20_000)}\r\n\r\n`);
    expect(answer).toContain("HTTP/1.1 431 ");
    expect(answer).toContain("limit http-header-bytes");
    expect(answer).toContain(PROBLEM_CONTENT_TYPE);
    expect(server.limitsReached).toContain("http-header-bytes");
  });

  it("is a problem when it is not HTTP", async () => {
    const answer = await exchange("hello\r\n\r\n");
    expect(answer).toContain("HTTP/1.1 400 ");
    expect(answer).toContain("urn:kiln:problem:invalid-request");
  });

  it("is cut when a body never comes", async () => {
    await using impatient = await startTestServer({ limits: { jsonBodyTimeoutMs: 50 } });
    const head = `POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n`;
    const answer = await exchange(
      `${head}Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{`,
      impatient.port,
    );
    expect(answer).not.toContain("HTTP/1.1 2");
    expect(impatient.farm.submitted).toEqual([]);
  });

  it("is not explained to strangers when it is the coordinator's own failure, but logged with its cause", async () => {
    const logged: { err: Error; url: string }[] = [];
    const quiet = () => {};
    const log = {
      level: "info",
      silent: quiet,
      info: quiet,
      debug: quiet,
      warn: quiet,
      trace: quiet,
      fatal: quiet,
      error: (entry: { err: Error; url: string }) => void logged.push(entry),
      child: () => log,
    };
    await using broken = await startTestServer({ log });
    broken.farm.failure = new Error("SQLITE_CORRUPT at /secret/path");
    const response = await broken.get("/runs/r7");
    expect(JSON.stringify(await expectProblem(response, 500, "internal"))).not.toContain("secret");
    expect(logged).toMatchObject([{ err: broken.farm.failure, url: "/api/v1/runs/r7" }]);
  });
});

describe("closing", () => {
  it("ends at once with streams open and an upload stuck", async () => {
    const closing = await startTestServer({ limits: { closeTimeoutMs: 100 } });
    const events = await closing.get("/runs/r7/events");
    const log = await closing.get("/runs/r7/jobs/build-cp312/log?follow=1");
    const stuck = connect(closing.port, "127.0.0.1");
    stuck.write(`PUT /api/v1/blobs/${"a".repeat(64)} HTTP/1.1\r\nHost: localhost\r\n`);
    stuck.write(`Authorization: Bearer ${TOKEN}\r\nContent-Length: 10\r\n\r\n1`);
    const hungUp = readText(stuck);
    await new Promise((resolve) => closing.app.server.once("request", resolve));
    await closing[Symbol.asyncDispose]();
    expect(await events.text()).toContain("retry:");
    expect(await log.text()).toBe("");
    expect(await hungUp).not.toContain("HTTP/1.1 2");
    expect(closing.farm.listeners.size).toBe(0);
  });
});
