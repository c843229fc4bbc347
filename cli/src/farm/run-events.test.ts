import type { RunEvent, RunView } from "@kiln/proto";
import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { httpServer, sendJson, type Handler } from "../testing/http-server.ts";
import { finished, jobEvent, running, runView } from "../testing/views.ts";
import { FarmClient } from "./client.ts";
import { followRun, type FollowOptions, type RunChange } from "./run-events.ts";

const NAME = "build-cp312-linux-x86_64";
const EVENTS: readonly RunEvent[] = [
  jobEvent(11, running(NAME, 100)),
  jobEvent(12, running(NAME, 100, { summary: "still" })),
  jobEvent(13, finished(NAME, "passed", [100, 900])),
  { type: "run", id: 14, atMs: 0, run: runView([], { state: "finished", verdict: "pass" }) },
];
const START = runView([running(NAME, 100)], { lastEventId: 10 });
const END: RunView = { ...START, state: "finished", verdict: "pass", lastEventId: 14 };

function send(response: ServerResponse, events: readonly RunEvent[]): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of events)
    response.write(`id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
}

async function follow(options: Pick<FollowOptions, "connect"> & Partial<FollowOptions>): Promise<readonly RunChange[]> {
  const changes: RunChange[] = [];
  const all = followRun({ run: "r3", signal: new AbortController().signal, retryMs: 1, known: false, ...options });
  for await (const change of all) changes.push(change);
  return changes;
}

const clientOf = (url: string) => new FarmClient({ url, token: "secret", from: "test", homeDir: "/nonexistent" });

function eventIds(changes: readonly RunChange[]): readonly number[] {
  return changes.flatMap((change) => (change.kind === "event" ? [change.event.id] : []));
}

test("a stream that is cut in the middle of an event goes on after the last whole one", async () => {
  const lastIds: (string | undefined)[] = [];
  await using server = await httpServer((request, response) => {
    expect(request.headers.authorization).toBe("Bearer secret");
    if (request.url === "/api/v1/runs/r3") return sendJson(response, lastIds.length < 3 ? START : END);
    lastIds.push(String(request.headers["last-event-id"]));
    if (lastIds.length === 1) {
      send(response, EVENTS.slice(0, 1));
      response.write(`id: 12\nevent: job\ndata: {"type":"jo`, () => response.destroy());
    } else if (lastIds.length === 2) {
      // The farm repeats one, which must not come twice.
      send(response, EVENTS.slice(0, 2));
      response.write(":\n\n", () => response.destroy());
    } else {
      send(response, EVENTS.slice(2));
      response.end();
    }
  });
  const changes = await follow({ connect: async () => clientOf(server.url) });
  expect(lastIds).toEqual(["10", "11", "12"]);
  expect(eventIds(changes)).toEqual([11, 12, 13, 14]);
  expect(changes.filter((change) => change.kind === "broken")).toHaveLength(2);
  expect(changes.at(0)).toEqual({ kind: "view", view: START });
  expect(changes.at(-1)).toEqual({ kind: "view", view: END });
});

test("a coordinator that restarts at another address is found again, and the events it missed to tell are told", async () => {
  const first = await httpServer((request, response) => {
    if (request.url === "/api/v1/runs/r3") return sendJson(response, START);
    send(response, EVENTS.slice(0, 1));
  });
  await using later = new AsyncDisposableStack();
  let url = first.url;
  let down = 0;
  const after: Handler = (request, response) => {
    if (request.url === "/api/v1/runs/r3") return sendJson(response, END);
    expect(request.url).toBe("/api/v1/runs/r3/events?after=11");
    send(response, EVENTS.slice(1));
    response.end();
  };
  const ids: number[] = [];
  const signal = new AbortController().signal;
  const connect = async () => clientOf(url);
  for await (const change of followRun({ run: "r3", known: false, signal, retryMs: 1, connect })) {
    if (change.kind === "event") ids.push(change.event.id);
    if (change.kind === "event" && change.event.id === 11) await first.close();
    if (change.kind === "broken" && (down += 1) === 3) {
      url = later.use(await httpServer(after)).url;
    }
  }
  expect(ids).toEqual([11, 12, 13, 14]);
  expect(down).toBe(3);
});

test("a farm that stays away is given up after the bounded number of tries", async () => {
  const server = await httpServer(() => {});
  await server.close();
  let broken = 0;
  const signal = new AbortController().signal;
  const connect = async () => clientOf(server.url);
  const all = followRun({ run: "r3", known: true, signal, retryMs: 1, triesMax: 4, connect });
  const end = (async () => {
    for await (const change of all) broken += change.kind === "broken" ? 1 : 0;
  })();
  await expect(end).rejects.toThrow(`No farm answers at ${server.url}: nothing listens there.`);
  expect(broken).toBe(4);
});

test("a farm that does not answer the first time is told at once, unless the run is known to be there", async () => {
  const server = await httpServer(() => {});
  await server.close();
  const changes = follow({ connect: async () => clientOf(server.url), retryMs: 60_000 });
  await expect(changes).rejects.toThrow("nothing listens there");
});

test("a refusal is not tried again", async () => {
  await using server = await httpServer((_request, response) =>
    sendJson(
      response,
      { type: "urn:kiln:not-found", title: "Not found", status: 404, detail: "There is no run r3." },
      404,
    ),
  );
  await expect(follow({ connect: async () => clientOf(server.url) })).rejects.toThrow("There is no run r3.");
  expect(server.requests).toHaveLength(1);
});

test("an interrupt ends it at once, while it waits and while it is connected", async () => {
  await using server = await httpServer((request, response) => {
    if (request.url === "/api/v1/runs/r3") return sendJson(response, START);
    send(response, EVENTS.slice(0, 1));
  });
  const interrupt = new AbortController();
  const connect = async () =>
    new FarmClient({ url: server.url, token: "", from: "", homeDir: "/nonexistent" }, interrupt.signal);
  const seen: string[] = [];
  const end = (async () => {
    for await (const change of followRun({ run: "r3", known: false, signal: interrupt.signal, connect })) {
      seen.push(change.kind);
      if (change.kind === "event") interrupt.abort(new Error("stop"));
    }
  })();
  await expect(end).rejects.toThrow("stop");
  expect(seen).toEqual(["view", "event"]);
});
