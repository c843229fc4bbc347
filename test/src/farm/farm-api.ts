import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { pipeline } from "node:stream/promises";
import type {
  AgentView,
  CreatedToken,
  CreateTokenBody,
  JobView,
  JoinTokenBody,
  NewJoinToken,
  Problem,
  RunEvent,
  RunView,
  SubmitRunBody,
} from "@kiln/proto";

/** An answer that is not 2xx. */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, problem: Problem) {
    super(`${status} ${problem.title}: ${problem.detail}`);
    this.status = status;
    this.problem = problem;
  }
}

export interface Submission {
  readonly spec: string;
  readonly name: string;
  readonly version: string | null;
  readonly requiresPython?: string | null;
  readonly sdist: Uint8Array;
  /** The same for the same run, however often it is submitted; absent: a new one each time. */
  readonly id?: string;
  /** What is taken from earlier runs; absent: the farm's default. */
  readonly reuse?: string;
}

/** How long a coordinator that is being started again may stay away. */
const AWAY_MAX_MS = 30_000;
const AWAY_RETRY_MS = 50;

/** The HTTP API as tests use it: it waits for a coordinator that was killed to be back. */
export class FarmApi {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** Throws ApiError. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...(init.headers as Record<string, string>), authorization: `Bearer ${this.#token}` };
    const deadline = performance.now() + AWAY_MAX_MS;
    for (;;) {
      try {
        const response = await fetch(`${this.#url}${path}`, { ...init, headers });
        if (response.ok) return response;
        throw new ApiError(response.status, (await response.json()) as Problem);
      } catch (cause) {
        if (cause instanceof ApiError || performance.now() > deadline) throw cause;
        await new Promise((resolve) => setTimeout(resolve, AWAY_RETRY_MS));
      }
    }
  }

  makeJoinToken(body: JoinTokenBody): Promise<NewJoinToken> {
    const headers = { "content-type": "application/json" };
    return this.#json("/api/v1/join-tokens", { method: "POST", headers, body: JSON.stringify(body) });
  }

  createToken(body: CreateTokenBody): Promise<CreatedToken> {
    const headers = { "content-type": "application/json" };
    return this.#json("/api/v1/tokens", { method: "POST", headers, body: JSON.stringify(body) });
  }

  /** Returns its SHA-256. */
  async putBlob(bytes: Uint8Array): Promise<string> {
    const sha256 = sha256Of(bytes);
    await this.fetch(`/api/v1/blobs/${sha256}`, { method: "PUT", body: Buffer.from(bytes) });
    return sha256;
  }

  /** Streams a file of known digest and size. */
  async putFile(sha256: string, path: string, sizeBytes: number): Promise<void> {
    const headers = { "content-length": String(sizeBytes), authorization: `Bearer ${this.#token}` };
    const put = request(`${this.#url}/api/v1/blobs/${sha256}`, { method: "PUT", headers });
    const answered = once(put, "response") as Promise<[IncomingMessage]>;
    await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), put);
    const [response] = await answered;
    response.resume();
    if (response.statusCode !== 201) throw new Error(`the blob was answered with ${response.statusCode}`);
  }

  /** Uploads the source and submits it; returns the run's name. */
  async submit(submission: Submission): Promise<string> {
    await this.putBlob(submission.sdist);
    return this.submitStored(submission);
  }

  /** Submits a source whose bytes are there already. */
  async submitStored(submission: Submission): Promise<string> {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify(submitRunBody(submission));
    return (await this.#json<RunView>("/api/v1/runs", { method: "POST", headers, body })).run;
  }

  run(run: string): Promise<RunView> {
    return this.#json(`/api/v1/runs/${run}`);
  }

  job(run: string, job: string): Promise<JobView> {
    return this.#json(`/api/v1/runs/${run}/jobs/${job}`);
  }

  async agents(): Promise<readonly AgentView[]> {
    return (await this.#json<{ agents: AgentView[] }>("/api/v1/agents")).agents;
  }

  async log(run: string, job: string, attempt: number): Promise<Buffer> {
    const response = await this.fetch(`/api/v1/runs/${run}/jobs/${job}/log?attempt=${attempt}`);
    return Buffer.from(await response.arrayBuffer());
  }

  cancel(run: string): Promise<RunView> {
    return this.#json(`/api/v1/runs/${run}/cancel`, { method: "POST" });
  }

  compareWithItself(run: string): Promise<RunView> {
    return this.#json(`/api/v1/runs/${run}/self-comparisons`, { method: "POST" });
  }

  retryFailed(run: string): Promise<RunView> {
    const headers = { "content-type": "application/json" };
    return this.#json(`/api/v1/runs/${run}/retry`, { method: "POST", headers, body: '{"only":"failed"}' });
  }

  /** Events of a run, through any number of broken connections, until the run is finished. */
  async *events(run: string): AsyncGenerator<RunEvent> {
    let after = 0;
    for (;;) {
      const response = await this.fetch(`/api/v1/runs/${run}/events?after=${after}`);
      try {
        for await (const event of parseEvents(response)) {
          after = event.id;
          yield event;
          if (event.type === "run" && event.run.state === "finished") return;
        }
      } catch (cause) {
        if (!(cause instanceof TypeError)) throw cause; // fetch's way of saying that the connection broke
      }
    }
  }

  /** Resolves with the run once it is finished. */
  async finished(run: string): Promise<RunView> {
    for await (const _event of this.events(run));
    return this.run(run);
  }

  async #json<T>(path: string, init?: RequestInit): Promise<T> {
    return (await (await this.fetch(path, init)).json()) as T;
  }
}

/** What POST /api/v1/runs takes. */
export function submitRunBody(submission: Submission): SubmitRunBody {
  const filename = `${submission.name}-${submission.version ?? "0"}.tar.gz`;
  return {
    spec: submission.spec,
    specFile: "kiln.yaml",
    source: { sha256: sha256Of(submission.sdist), sizeBytes: submission.sdist.length, filename },
    candidate: {
      name: submission.name,
      version: submission.version,
      requiresPython: submission.requiresPython ?? null,
      factsFrom: "PKG-INFO",
      origin: filename,
    },
    submissionId: submission.id ?? crypto.randomUUID(),
    ...(submission.reuse === undefined ? {} : { reuse: submission.reuse }),
  };
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function* parseEvents(response: Response): AsyncGenerator<RunEvent> {
  if (!response.body) return;
  let pending = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    pending += text;
    const blocks = pending.split("\n\n");
    pending = blocks.pop() ?? "";
    for (const block of blocks) {
      const data = block.split("\n").find((line) => line.startsWith("data:"));
      if (data) yield JSON.parse(data.slice("data:".length)) as RunEvent;
    }
  }
}
