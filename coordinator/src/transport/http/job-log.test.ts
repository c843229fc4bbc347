import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { connect } from "node:net";
import { describe, expect, it, vi } from "vitest";
import type { LogStore } from "../../ports/log-store.ts";
import { BodyReader, LOG_KEY, startTestServer, TOKEN, type TestServer } from "./testing.ts";

const PATH = "/runs/r7/jobs/build-cp312/log";

async function write(server: TestServer, offset: number, text: string): Promise<void> {
  await server.logs.write(LOG_KEY, offset, [Buffer.from(text)]);
}

describe("the log of an attempt", () => {
  it("ends where it was acknowledged once the attempt has ended", async () => {
    await using server = await startTestServer();
    await write(server, 0, "acknowledged, and never acknowledged");
    server.farm.attempt = { finished: true, logBytes: 12 };
    for (const query of ["", "?follow=1", "?follow=0&attempt=1"]) {
      const response = await server.get(PATH + query);
      expect(await response.text()).toBe("acknowledged");
      expect(response.headers.get("x-kiln-attempt")).toBe("1");
      expect(response.headers.get("x-kiln-log-bytes")).toBe("12");
      expect(response.headers.get("content-length")).toBe("12");
      expect(response.headers.get("content-type")).toBe("application/octet-stream");
    }
  });

  it("shows what is written so far while the attempt lives", async () => {
    await using server = await startTestServer();
    await write(server, 0, "written, not durable yet");
    const response = await server.get(PATH);
    expect(await response.text()).toBe("written, not durable yet");
  });

  it("begins at any offset, and is empty at or past its end", async () => {
    await using server = await startTestServer();
    await write(server, 0, "0123456789");
    server.farm.attempt = { finished: true, logBytes: 10 };
    expect(await (await server.get(`${PATH}?offset=7`)).text()).toBe("789");
    expect(await (await server.get(`${PATH}?offset=10`)).text()).toBe("");
    expect(await (await server.get(`${PATH}?offset=5000&follow=1`)).text()).toBe("");
  });

  it("is followed until the attempt has ended and everything was sent", async () => {
    await using server = await startTestServer({ limits: { lookupIntervalMs: 1 } });
    await write(server, 0, "one ");
    const reader = new BodyReader(await server.get(`${PATH}?follow=1`));
    await reader.until("one ");
    await write(server, 4, "two ");
    server.farm.notify();
    await reader.until("two ");
    await write(server, 8, "three");
    server.farm.attempt = { finished: true, logBytes: 13 };
    server.farm.notify();
    expect(await reader.toEnd()).toBe("one two three");
    expect(server.farm.listeners.size).toBe(0);
  });

  it("can be followed from before its first byte", async () => {
    await using server = await startTestServer({ limits: { lookupIntervalMs: 1 } });
    const reader = new BodyReader(await server.get(`${PATH}?follow=1`));
    await vi.waitUntil(() => server.farm.listeners.size === 1);
    await write(server, 0, "late");
    server.farm.attempt = { finished: true, logBytes: 4 };
    server.farm.notify();
    expect(await reader.toEnd()).toBe("late");
  });

  it("reaches a reader whole and in order while it is written fast", async () => {
    await using server = await startTestServer({ limits: { lookupIntervalMs: 1 } });
    const line = (n: number) => `line ${String(n).padStart(8, "0")}\n`.repeat(100);
    const lineBytes = line(0).length;
    const response = server.get(`${PATH}?follow=1`);
    for (let n = 0; n < 500; n++) {
      await write(server, n * lineBytes, line(n));
      server.farm.notify();
    }
    server.farm.attempt = { finished: true, logBytes: 500 * lineBytes };
    server.farm.notify();
    const text = await (await response).text();
    expect(text === Array.from({ length: 500 }, (_, n) => line(n)).join("")).toBe(true);
  });

  it("is read no faster than the reader takes it", async () => {
    await using server = await startTestServer();
    const logBytes = 40_000_000;
    await server.logs.write(LOG_KEY, 0, [Buffer.alloc(logBytes)]);
    server.farm.attempt = { finished: true, logBytes };
    const answer = Promise.withResolvers<ServerResponse>();
    server.app.server.once("request", (_request, response: ServerResponse) => answer.resolve(response));
    const socket = connect(server.port, "127.0.0.1").pause();
    socket.write(`GET /api/v1${PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n`);
    socket.write("Connection: close\r\n\r\n");
    const waiting: number[] = [];
    const response = await answer.promise;
    const read = server.logs.read.bind(server.logs);
    server.logs.read = (...range) => {
      waiting.push(response.writableLength);
      return read(...range);
    };
    await vi.waitUntil(() => response.writableNeedDrain);
    let received = 0;
    socket.on("data", (chunk: Buffer) => (received += chunk.byteLength)).resume();
    await once(socket, "close");
    expect(received).toBeGreaterThan(logBytes);
    expect(waiting.length).toBeGreaterThanOrEqual(Math.floor(logBytes / (256 * 1024)));
    expect(Math.max(...waiting)).toBeLessThan(64 * 1024);
  });

  it("is let go of when the reader goes away", async () => {
    await using server = await startTestServer();
    const reader = new BodyReader(await server.get(`${PATH}?follow=1`));
    await vi.waitUntil(() => server.farm.listeners.size === 1);
    await reader.cancel();
    await vi.waitUntil(() => server.farm.listeners.size === 0);
    expect(server.limitsReached).toEqual([]);
  });

  it("breaks off rather than end early when bytes on record are missing", async () => {
    await using server = await startTestServer();
    await write(server, 0, "short");
    server.farm.attempt = { finished: true, logBytes: 50 };
    await expect((async () => (await server.get(PATH)).text())()).rejects.toThrow();
  });

  it("is refused for what does not exist, with what does", async () => {
    await using server = await startTestServer();
    const detail = async (path: string) => {
      const response = await server.get(path);
      const body = (await response.json()) as { type: string; detail: string };
      return `${response.status} ${body.type.split(":").at(-1)} ${body.detail}`;
    };
    expect(await detail("/runs/r8/jobs/build-cp312/log")).toMatch(/^404 no-such-run /);
    expect(await detail("/runs/r7/jobs/build-cp399/log")).toMatch(/^404 no-such-job /);
    expect(await detail(`${PATH}?attempt=2`)).toMatch(/^404 no-such-attempt there is no attempt 2/);
    server.farm.attemptsMade = 0;
    expect(await detail(PATH)).toMatch(/^404 no-such-attempt no attempt at build-cp312 of r7 was made yet/);
    expect(await detail(`${PATH}?offset=-1&follow=yes&ofset=3`)).toMatch(
      /^400 invalid-request query has .*"ofset"; query\.offset must be >= 0; query\.follow must be one of "0", "1"/,
    );
  });

  it("has a limit of readers of its own", async () => {
    await using server = await startTestServer({ limits: { logStreamsMax: 1 } });
    const reader = new BodyReader(await server.get(`${PATH}?follow=1`));
    const refused = await server.get(PATH);
    expect([refused.status, await refused.text()]).toEqual([503, expect.stringContaining("limit http-log-streams")]);
    expect(server.limitsReached).toEqual(["http-log-streams"]);
    await reader.cancel();
  });
});

describe("a part of a log", () => {
  it("is what Range, or offset and limit, ask for", async () => {
    await using server = await startTestServer();
    await write(server, 0, "0123456789");
    server.farm.attempt = { finished: true, logBytes: 10 };
    const part = await server.get(PATH, { headers: { range: "bytes=2-4" } });
    expect([part.status, part.headers.get("content-range"), await part.text()]).toEqual([206, "bytes 2-4/10", "234"]);
    expect(await (await server.get(PATH, { headers: { range: "bytes=-3" } })).text()).toBe("789");
    expect((await server.get(PATH, { headers: { range: "bytes=10-" } })).status).toBe(416);
    expect(await (await server.get(`${PATH}?offset=2&limit=3`)).text()).toBe("234");
    expect((await server.get(`${PATH}?limit=3&follow=1`)).status).toBe(400);
  });

  it("is its last lines, also live, and says where they begin", async () => {
    await using server = await startTestServer({ limits: { lookupIntervalMs: 1 } });
    await write(server, 0, "one\ntwo\nthree\n");
    const reader = new BodyReader(await server.get(`${PATH}?tail=2&follow=1`));
    await reader.until("two\nthree\n");
    await write(server, 14, "four");
    server.farm.attempt = { finished: true, logBytes: 18 };
    server.farm.notify();
    expect(await reader.toEnd()).toBe("two\nthree\nfour");
    const response = await server.get(`${PATH}?tail=1`);
    expect([await response.text(), response.headers.get("x-kiln-log-offset")]).toEqual(["four", "14"]);
    expect((await server.get(`${PATH}?tail=1&offset=3`)).status).toBe(400);
  });

  it("of a log of 1 GB is found without reading the rest", async () => {
    const reads: number[] = [];
    await using server = await startTestServer({ wrapLogs: (logs) => counted(logs, reads) });
    const logBytes = 1024 ** 3;
    // A file with holes: as large as it says, and only its ends take room on the disk.
    await write(server, logBytes / 2, "the middle\n");
    const lines = Array.from({ length: 200 }, (_, n) => `line ${n}\n`).join("");
    await write(server, logBytes - lines.length, lines);
    server.farm.attempt = { finished: true, logBytes };
    const tail = await (await server.get(`${PATH}?tail=100`)).text();
    expect(tail).toBe(Array.from({ length: 100 }, (_, n) => `line ${n + 100}\n`).join(""));
    expect(await (await server.get(`${PATH}?offset=${logBytes / 2}&limit=10`)).text()).toBe("the middle");
    expect(reads.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(256 * 1024);
  });
});

describe("the times of a log", () => {
  it("are those of its bytes, from the one that holds at a byte", async () => {
    await using server = await startTestServer();
    const times = [0, 4, 8].map((offset, n) => ({ offset, atMs: 1_000 + n * 500 }));
    await server.logs.write(LOG_KEY, 0, [Buffer.from("one\ntwo\nthree")], times);
    server.farm.attempt = { finished: true, logBytes: 13 };
    expect(await (await server.get(`${PATH}/times`)).json()).toEqual({ attempt: 1, times, next: null });
    const later = (await (await server.get(`${PATH}/times?from=7`)).json()) as { times: unknown[] };
    expect(later.times).toEqual(times.slice(1));
    expect((await server.get("/runs/r7/jobs/build-cp399/log/times")).status).toBe(404);
  });

  it("that are many come in pages", async () => {
    await using server = await startTestServer();
    const times = Array.from({ length: 10_005 }, (_, n) => ({ offset: n, atMs: n * 100 }));
    await server.logs.write(LOG_KEY, 0, [Buffer.alloc(10_005)], times);
    const first = (await (await server.get(`${PATH}/times`)).json()) as { times: unknown[]; next: number };
    expect([first.times.length, first.next]).toEqual([10_000, 10_000]);
    const second = (await (await server.get(`${PATH}/times?from=${first.next}`)).json()) as { times: unknown[] };
    expect(second).toEqual({ attempt: 1, times: times.slice(10_000), next: null });
  });
});

/** The same logs, with the sizes of what is read noted down. */
function counted(logs: LogStore & AsyncDisposable, reads: number[]): LogStore & AsyncDisposable {
  return {
    write: (...args) => logs.write(...args),
    sync: (key) => logs.sync(key),
    size: (key) => logs.size(key),
    times: (...args) => logs.times(...args),
    removeRun: (run) => logs.removeRun(run),
    close: (key) => logs.close(key),
    read: async (...args) => {
      const bytes = await logs.read(...args);
      reads.push(bytes.byteLength);
      return bytes;
    },
    [Symbol.asyncDispose]: () => logs[Symbol.asyncDispose](),
  };
}
