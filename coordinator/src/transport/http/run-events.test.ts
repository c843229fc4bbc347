import { connect } from "node:net";
import { once } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { BodyReader, jobEvent, startTestServer, TOKEN } from "./testing.ts";

const PATH = "/runs/r7/events";

/** The ids of the events in a piece of an event stream. */
const ids = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));

describe("watching a run", () => {
  it("sends everything so far, then what changes, and ends when the run is finished", async () => {
    await using server = await startTestServer();
    server.farm.events = [jobEvent(3, "ready"), server.farm.runEvent(4, "running")];
    const response = await server.get(PATH);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const reader = new BodyReader(response);
    expect(await reader.until("id: 4")).toContain("retry: 1000\n\n");
    server.farm.emit(jobEvent(5, "finished"), server.farm.runEvent(6, "finished"), jobEvent(7, "finished"));
    const text = await reader.toEnd();
    expect(ids(text)).toEqual([3, 4, 5, 6, 7]);
    expect(text).toContain(`id: 5\nevent: job\ndata: ${JSON.stringify(jobEvent(5, "finished"))}\n\n`);
    expect(text).toContain("id: 6\nevent: run\n");
    expect(server.farm.listeners.size).toBe(0);
  });

  it("goes on after ?after, and after Last-Event-ID before that", async () => {
    await using server = await startTestServer();
    server.farm.emit(jobEvent(3), jobEvent(4), jobEvent(5), server.farm.runEvent(6, "finished"));
    expect(ids(await (await server.get(`${PATH}?after=4`)).text())).toEqual([5, 6]);
    const resumed = await server.get(`${PATH}?after=1`, { headers: { "Last-Event-ID": "3" } });
    expect(ids(await resumed.text())).toEqual([4, 5, 6]);
  });

  it("sends everything to a reader whose last event is from another farm's future", async () => {
    await using server = await startTestServer();
    server.farm.emit(jobEvent(3), server.farm.runEvent(4, "finished"));
    expect(ids(await (await server.get(`${PATH}?after=9000`)).text())).toEqual([3, 4]);
  });

  it("tells a reader that has everything of a finished run not to come back", async () => {
    await using server = await startTestServer();
    server.farm.emit(server.farm.runEvent(4, "finished"));
    expect((await server.get(`${PATH}?after=4`)).status).toBe(204);
  });

  it("still ends for a reader that saw the run finish but not the event after it", async () => {
    await using server = await startTestServer();
    server.farm.emit(server.farm.runEvent(4, "finished"), jobEvent(5, "finished"));
    expect(ids(await (await server.get(`${PATH}?after=4`)).text())).toEqual([5]);
  });

  it("goes on for a run that is tried again", async () => {
    await using server = await startTestServer();
    server.farm.emit(server.farm.runEvent(4, "finished"));
    server.farm.emit(server.farm.runEvent(5, "running"));
    const reader = new BodyReader(await server.get(PATH));
    await reader.until("id: 5");
    server.farm.emit(server.farm.runEvent(6, "finished"));
    expect(ids(await reader.toEnd())).toEqual([4, 5, 6]);
  });

  it("looks up what changed a few times, however often something changes", async () => {
    await using server = await startTestServer({ limits: { lookupIntervalMs: 50 } });
    const reader = new BodyReader(await server.get(PATH));
    await reader.until("retry");
    const began = performance.now();
    for (let id = 10; id < 510; id++) {
      server.farm.emit(jobEvent(id));
      if (id % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    server.farm.emit(server.farm.runEvent(600, "finished"));
    expect(ids(await reader.toEnd())).toEqual([...Array.from({ length: 500 }, (_, n) => 10 + n), 600]);
    expect(server.farm.lookups).toBeLessThanOrEqual(2 + (performance.now() - began) / 50);
  });

  it("misses nothing that changes while it looks", async () => {
    await using server = await startTestServer({ limits: { lookupIntervalMs: 1 } });
    const look = server.farm.eventsAfter.bind(server.farm);
    let id = 10;
    server.farm.eventsAfter = async (run, after) => {
      const found = await look(run, after);
      // Comes after the look-up took its picture, and before it returned.
      if (id < 15) server.farm.emit(jobEvent(id++));
      else if (id === 15) server.farm.emit(server.farm.runEvent(id++, "finished"));
      return found;
    };
    expect(ids(await (await server.get(PATH)).text())).toEqual([10, 11, 12, 13, 14, 15]);
  });

  it("sends a comment while nothing happens", async () => {
    await using server = await startTestServer({ limits: { heartbeatIntervalMs: 5 } });
    const reader = new BodyReader(await server.get(PATH));
    expect(await reader.until(":\n\n:\n\n")).toMatch(/^retry: 1000\n\n(?::\n\n){2,}$/);
    await reader.cancel();
  });

  it("stops looking and listening when the reader goes away", async () => {
    await using server = await startTestServer();
    const reader = new BodyReader(await server.get(PATH));
    await reader.until("retry");
    expect(server.farm.listeners.size).toBe(1);
    await reader.cancel();
    await vi.waitUntil(() => server.farm.listeners.size === 0);
    const { lookups } = server.farm;
    server.farm.emit(jobEvent(50));
    expect(server.farm.lookups).toBe(lookups);
  });

  it("does not look again for a reader that does not take what it was sent", async () => {
    await using server = await startTestServer({ limits: { lookupIntervalMs: 1, heartbeatIntervalMs: 1 } });
    server.farm.events = [jobEvent(3, "running", "x".repeat(20_000_000))];
    const socket = connect(server.port, "127.0.0.1").pause();
    socket.write(`GET /api/v1${PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`);
    await vi.waitUntil(() => server.farm.lookups === 1);
    const waiting = process.memoryUsage().arrayBuffers;
    for (let id = 4; id < 200; id++) {
      server.farm.emit(jobEvent(id));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(server.farm.lookups).toBe(1);
    expect(process.memoryUsage().arrayBuffers - waiting).toBeLessThan(5_000_000);
    server.farm.emit(server.farm.runEvent(300, "finished"));
    const received: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => received.push(chunk)).resume();
    await once(socket, "close");
    expect(ids(Buffer.concat(received).toString()).slice(-3)).toEqual([198, 199, 300]);
  });

  it("drops a reader that takes nothing for too long", async () => {
    await using server = await startTestServer({ limits: { idleTimeoutMs: 50 } });
    server.farm.events = [jobEvent(3, "running", "x".repeat(20_000_000))];
    const socket = connect(server.port, "127.0.0.1").pause();
    socket.write(`GET /api/v1${PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`);
    await vi.waitUntil(() => server.farm.lookups === 1);
    await vi.waitUntil(() => server.farm.listeners.size === 0, { timeout: 5_000 });
    expect(server.farm.lookups).toBe(1);
    socket.destroy();
  });

  it("breaks off when the look-up fails, so that the reader comes back", async () => {
    await using server = await startTestServer();
    const reader = new BodyReader(await server.get(PATH));
    await reader.until("retry");
    server.farm.failure = new Error("the store is gone");
    server.farm.notify();
    await expect(reader.toEnd()).rejects.toThrow();
    expect(server.farm.listeners.size).toBe(0);
  });

  it("refuses more readers than its limit, and takes new ones when others have gone", async () => {
    await using server = await startTestServer({ limits: { eventStreamsMax: 2 } });
    const readers = await Promise.all([1, 2].map(async () => new BodyReader(await server.get(PATH))));
    const refused = await server.get(PATH);
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("5");
    expect(await refused.text()).toContain("limit http-event-streams");
    expect(server.limitsReached).toEqual(["http-event-streams"]);
    await readers[0]?.cancel();
    await vi.waitUntil(() => server.farm.listeners.size === 1);
    expect((await server.get(PATH)).status).toBe(200);
  });

  it("is refused for runs that do not exist and ids that are none", async () => {
    await using server = await startTestServer();
    for (const run of ["r8", "8", "r0", "nothing", "r99999999999"]) {
      const response = await server.get(`/runs/${run}/events`);
      expect([response.status, await response.text()]).toEqual([404, expect.stringContaining("no-such-run")]);
    }
    expect((await server.get(`${PATH}?after=-1`)).status).toBe(400);
    expect((await server.get(PATH, { headers: { "Last-Event-ID": "abc" } })).status).toBe(400);
  });
});
