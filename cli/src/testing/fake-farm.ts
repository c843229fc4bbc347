import type { AgentView, JobView, ProjectView, RunEvent, RunView, SubmitRunBody } from "@kiln/proto";
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { bodyText, httpServer, sendJson, type TestServer } from "./http-server.ts";
import { runView } from "./views.ts";

export interface FakeFarm extends AsyncDisposable {
  readonly server: TestServer;
  /** For the command line's environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Digests of what was uploaded. */
  readonly blobs: Set<string>;
  readonly submissions: SubmitRunBody[];
  /** What GET /runs/{run} gives; events are sent before it becomes `end`. */
  view: RunView;
  end: RunView;
  events: readonly RunEvent[];
  jobs: Map<string, JobView>;
  log: Buffer;
  /** Blobs that can be fetched, by digest. */
  readonly files: Map<string, Buffer>;
  /** When its bytes came. */
  logTimes: { readonly offset: number; readonly atMs: number }[];
  /** Connections of POST /runs that are cut after the run was taken. */
  cutSubmissions: number;
  /** Nothing failed: POST /runs/{run}/retry is refused. */
  nothingToRetry: boolean;
  /** An answer for POST /runs in place of a run. */
  refusal: { readonly status: number; readonly body: unknown } | null;
  /** The event stream stays open. */
  hanging: boolean;
  agents: readonly AgentView[];
  /** null: the farm is of a version without that page. */
  durationsMs: ProjectView["durationsMs"] | null;
  failingCells: string[];
}

const TOKEN = "a-token-for-tests";

/** A farm's HTTP API with one run that is told as the test says; a real server on a real port. */
export async function fakeFarm(): Promise<FakeFarm> {
  const farm: Omit<FakeFarm, "server" | "env" | typeof Symbol.asyncDispose> = {
    blobs: new Set(),
    submissions: [],
    view: runView([]),
    end: runView([], { state: "finished", verdict: "pass", reason: "Everything passed." }),
    events: [],
    jobs: new Map(),
    log: Buffer.alloc(0),
    logTimes: [],
    files: new Map(),
    cutSubmissions: 0,
    nothingToRetry: false,
    refusal: null,
    hanging: false,
    agents: [],
    durationsMs: null,
    failingCells: [],
  };
  const server = await httpServer(async (request, response) => {
    if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      return sendJson(
        response,
        { type: "urn:kiln:unauthorized", title: "Unauthorized", status: 401, detail: "The token is wrong." },
        401,
      );
    }
    await answer(farm, request, response);
  });
  const env = { KILN_URL: server.url, KILN_TOKEN: TOKEN };
  return Object.assign(farm, { server, env, [Symbol.asyncDispose]: () => server.close() });
}

type Farm = Omit<FakeFarm, "server" | "env" | typeof Symbol.asyncDispose>;

async function answer(farm: Farm, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "", "http://farm");
  const path = url.pathname.replace(/^\/api\/v1/, "");
  const blob = /^\/blobs\/([0-9a-f]{64})$/.exec(path)?.[1];
  if (blob !== undefined) return answerBlob(farm, blob, request, response);
  if (path === "/farm")
    return sendJson(response, {
      version: "0.1.0",
      pythons: [{ platform: "linux-x86_64", feature: "3.12" }],
      stored: { blobs: 3, bytes: 95_000, bytesMax: 100_000 },
    });
  if (path === "/agents") return sendJson(response, { agents: farm.agents });
  if (path === "/projects/hello" && farm.durationsMs !== null) {
    return sendJson(response, { durationsMs: farm.durationsMs, failingCells: farm.failingCells });
  }
  if (path === "/runs" && request.method === "POST") return submit(farm, request, response);
  if (path === "/runs") return sendJson(response, { runs: [farm.view] });
  if (path === "/runs/r3") return sendJson(response, farm.view);
  if (path === "/runs/r3/retry" && farm.nothingToRetry) {
    const problem = { title: "There is nothing to retry", status: 409, detail: "no finished job of r3 failed" };
    return sendJson(response, { type: "urn:kiln:problem:nothing-to-retry", ...problem }, 409);
  }
  if (path === "/runs/r3/pin") {
    farm.view = { ...farm.view, pinned: request.method === "PUT" };
    return sendJson(response, farm.view);
  }
  if (path === "/runs/r3/cancel" || path === "/runs/r3/retry") return sendJson(response, farm.view);
  if (path === "/runs/r3/events") return sendEvents(farm, response);
  const [, name = "", log] = /^\/runs\/r3\/jobs\/([^/]+)(\/log(?:\/times)?)?$/.exec(path) ?? [];
  const job = farm.jobs.get(name);
  if (job === undefined) {
    return sendJson(
      response,
      { type: "urn:kiln:not-found", title: "Not found", status: 404, detail: `There is no ${path}.` },
      404,
    );
  }
  if (log === undefined) return sendJson(response, job);
  if (log === "/log/times") return sendJson(response, { attempt: 1, times: farm.logTimes, next: null });
  sendLog(farm, url.searchParams, response);
}

function sendLog(farm: Farm, query: URLSearchParams, response: ServerResponse): void {
  const tail = Number(query.get("tail"));
  const lines = farm.log.toString("latin1").split(/(?<=\n)/);
  const offset = tail > 0 ? farm.log.length - lines.slice(-tail).join("").length : Number(query.get("offset"));
  const limit = query.get("limit");
  response.writeHead(200, {
    "content-type": "application/octet-stream",
    "x-kiln-attempt": "1",
    "x-kiln-log-offset": String(offset),
  });
  response.end(farm.log.subarray(offset, limit === null ? undefined : offset + Number(limit)));
}

async function answerBlob(
  farm: Farm,
  sha256: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method === "GET") return void response.end(farm.files.get(sha256));
  if (request.method === "HEAD") return void response.writeHead(farm.blobs.has(sha256) ? 200 : 404).end();
  const hash = createHash("sha256");
  for await (const chunk of request as AsyncIterable<Buffer>) hash.update(chunk);
  if (hash.digest("hex") !== sha256) return void response.writeHead(400).end();
  farm.blobs.add(sha256);
  sendJson(response, {}, 201);
}

async function submit(farm: Farm, request: IncomingMessage, response: ServerResponse): Promise<void> {
  farm.submissions.push(JSON.parse(await bodyText(request)) as SubmitRunBody);
  if (farm.cutSubmissions > 0) {
    farm.cutSubmissions -= 1;
    return void response.destroy();
  }
  if (farm.refusal !== null) return sendJson(response, farm.refusal.body, farm.refusal.status);
  sendJson(response, farm.view, 201);
}

function sendEvents(farm: Farm, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of farm.events)
    response.write(`id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  if (farm.hanging) return;
  farm.view = farm.end;
  response.end();
}
