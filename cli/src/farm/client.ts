import type {
  AddWindowBody,
  AgentDetail,
  AgentUpdateView,
  AgentView,
  ApproveBody,
  AuditPage,
  ClearHealthBody,
  CreateTokenBody,
  CreatedToken,
  JobView,
  JoinTokenBody,
  NewJoinToken,
  ProjectView,
  RetryRunBody,
  RevokeAgentBody,
  RevokedAgent,
  RunSummary,
  RunView,
  SecretView,
  SetModeBody,
  SetSecretBody,
  SubmitRunBody,
  TokenView,
  UpdateAgentBody,
  VerdictView,
  WaiveBody,
} from "@kiln/proto";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { CliError } from "../program/cli-error.ts";
import type { FarmAddress } from "./address.ts";
import { findAuthority } from "./authority.ts";
import { connectionWords } from "./connection-words.ts";
import type { TimesPage } from "./line-times.ts";
import { ConnectionError, httpExchange, readText, type HttpRequest, type HttpResponse } from "./http-request.ts";
import { patiently } from "./patiently.ts";
import { FarmRefusal } from "./problem.ts";

/** What GET /api/v1/farm says. */
export interface FarmView {
  readonly version: string;
  readonly pythons: readonly { readonly platform: string; readonly feature: string }[];
  /** Of all blobs; `bytesMax` 0: no limit. */
  readonly stored: { readonly blobs: number; readonly bytes: number; readonly bytesMax: number };
}

export interface LogOptions {
  readonly attempt: number | null;
  readonly offset: number;
  readonly follow: boolean;
  /** The first byte that is not wanted any more; null: all. */
  readonly to: number | null;
  /** Begin with so many last lines, and not at the offset; null: at the offset. */
  readonly tail: number | null;
}

export interface LogAnswer {
  readonly attempt: number;
  /** Where in the log the stream begins. */
  readonly offset: number;
  readonly stream: Readable;
}

const IDLE_TIMEOUT_MS = 60_000;
/** An event stream or a followed log may be silent for as long as a job is. */
const STREAM_IDLE_TIMEOUT_MS = 24 * 3600 * 1000;
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;
const SEND_TRIES = 4;
const SEND_RETRY_MS = 250;

/** The farm's HTTP API. Refusals are thrown as FarmRefusal, failed connections as a CliError that says so. */
export class FarmClient {
  readonly #address: FarmAddress;
  readonly #signal: AbortSignal | undefined;
  #found: string | null = null;
  readonly #waiting: (seconds: number) => void;

  /** `waiting` hears for how long the farm wants it to wait, when it asks too often. */
  constructor(address: FarmAddress, signal?: AbortSignal, waiting: (seconds: number) => void = () => undefined) {
    this.#address = address;
    this.#signal = signal;
    this.#waiting = waiting;
  }

  get address(): FarmAddress {
    return this.#address;
  }

  async farm(): Promise<FarmView> {
    return this.#json<FarmView>({ method: "GET", path: "/farm" });
  }

  async agents(): Promise<readonly AgentView[]> {
    return (await this.#json<{ agents: AgentView[] }>({ method: "GET", path: "/agents" })).agents;
  }

  /** By id, or by a name that only one agent has. */
  agent(agent: string): Promise<AgentDetail> {
    return this.#json<AgentDetail>({ method: "GET", path: `/agents/${encodeURIComponent(agent)}` });
  }

  setAgentMode(agent: string, body: SetModeBody): Promise<AgentDetail> {
    return this.#json<AgentDetail>({
      method: "POST",
      path: `/agents/${encodeURIComponent(agent)}/mode`,
      body: JSON.stringify(body),
    });
  }

  addWindow(agent: string, body: AddWindowBody): Promise<AgentDetail> {
    return this.#json<AgentDetail>({
      method: "POST",
      path: `/agents/${encodeURIComponent(agent)}/windows`,
      body: JSON.stringify(body),
    });
  }

  removeWindow(agent: string, id: number): Promise<AgentDetail> {
    return this.#json<AgentDetail>({ method: "DELETE", path: `/agents/${encodeURIComponent(agent)}/windows/${id}` });
  }

  clearAgent(agent: string, body: ClearHealthBody): Promise<AgentDetail> {
    return this.#json<AgentDetail>({
      method: "POST",
      path: `/agents/${encodeURIComponent(agent)}/clear`,
      body: JSON.stringify(body),
    });
  }

  /** What a project's earlier runs say of its next. */
  project(name: string): Promise<ProjectView> {
    return this.#json<ProjectView>({ method: "GET", path: `/projects/${encodeURIComponent(name)}` });
  }

  async runs(limit: number): Promise<readonly RunSummary[]> {
    return (await this.#json<{ runs: RunSummary[] }>({ method: "GET", path: `/runs?limit=${limit}` })).runs;
  }

  async run(run: string): Promise<RunView> {
    return this.#json<RunView>({ method: "GET", path: `/runs/${run}` });
  }

  async job(run: string, job: string): Promise<JobView> {
    return this.#json<JobView>({ method: "GET", path: `/runs/${run}/jobs/${encodeURIComponent(job)}` });
  }

  async cancel(run: string): Promise<RunView> {
    return this.#json<RunView>({ method: "POST", path: `/runs/${run}/cancel`, body: "" });
  }

  /** Gives the run that measures the files of `run` against themselves. */
  async compareWithItself(run: string): Promise<RunView> {
    return this.#json<RunView>({ method: "POST", path: `/runs/${run}/self-comparisons`, body: "" });
  }

  /** Refused where the run is not finished. */
  async verdict(run: string): Promise<VerdictView> {
    return this.#json<VerdictView>({ method: "GET", path: `/runs/${run}/verdict` });
  }

  async approve(run: string, body: ApproveBody): Promise<VerdictView> {
    return this.#json<VerdictView>({ method: "POST", path: `/runs/${run}/approvals`, body: JSON.stringify(body) });
  }

  async waive(run: string, body: WaiveBody): Promise<VerdictView> {
    return this.#json<VerdictView>({ method: "POST", path: `/runs/${run}/waivers`, body: JSON.stringify(body) });
  }

  /** A token with which machines join. */
  async makeJoinToken(body: JoinTokenBody): Promise<NewJoinToken> {
    return this.#json<NewJoinToken>({ method: "POST", path: "/join-tokens", body: JSON.stringify(body) });
  }

  async revokeAgent(agentId: string, body: RevokeAgentBody): Promise<RevokedAgent> {
    const path = `/agents/${encodeURIComponent(agentId)}/revoke`;
    return this.#json<RevokedAgent>({ method: "POST", path, body: JSON.stringify(body) });
  }

  /** Offers an agent a bundle that is stored already. */
  async updateAgent(agentId: string, body: UpdateAgentBody): Promise<AgentUpdateView> {
    const path = `/agents/${encodeURIComponent(agentId)}/update`;
    return this.#json<AgentUpdateView>({ method: "PUT", path, body: JSON.stringify(body) });
  }

  async agentUpdate(agentId: string): Promise<AgentUpdateView> {
    return this.#json<AgentUpdateView>({ method: "GET", path: `/agents/${encodeURIComponent(agentId)}/update` });
  }

  async pin(run: string): Promise<RunView> {
    return this.#json<RunView>({ method: "PUT", path: `/runs/${run}/pin` });
  }

  async unpin(run: string): Promise<RunView> {
    return this.#json<RunView>({ method: "DELETE", path: `/runs/${run}/pin` });
  }

  async retry(run: string, body: RetryRunBody): Promise<RunView> {
    return this.#json<RunView>({ method: "POST", path: `/runs/${run}/retry`, body: JSON.stringify(body) });
  }

  async tokens(): Promise<readonly TokenView[]> {
    return (await this.#json<{ tokens: TokenView[] }>({ method: "GET", path: "/tokens" })).tokens;
  }

  createToken(body: CreateTokenBody): Promise<CreatedToken> {
    return this.#json<CreatedToken>({ method: "POST", path: "/tokens", body: JSON.stringify(body) });
  }

  async revokeToken(name: string): Promise<void> {
    await this.#done({ method: "DELETE", path: `/tokens/${encodeURIComponent(name)}` });
  }

  async secrets(): Promise<readonly SecretView[]> {
    return (await this.#json<{ secrets: SecretView[] }>({ method: "GET", path: "/secrets" })).secrets;
  }

  setSecret(name: string, body: SetSecretBody): Promise<SecretView> {
    const path = `/secrets/${encodeURIComponent(name)}`;
    return this.#json<SecretView>({ method: "PUT", path, body: JSON.stringify(body) });
  }

  /** `project` null: that of all projects. */
  async removeSecret(name: string, project: string | null): Promise<void> {
    const query = project === null ? "" : `?${new URLSearchParams({ project }).toString()}`;
    await this.#done({ method: "DELETE", path: `/secrets/${encodeURIComponent(name)}${query}` });
  }

  /** A page of the audit log, newest first. */
  audit(query: Readonly<Record<string, string | number | null>>): Promise<AuditPage> {
    const given = Object.entries(query).flatMap(([name, value]) =>
      value === null ? [] : [[name, String(value)] as [string, string]],
    );
    const path = `/audit?${new URLSearchParams(given).toString()}`;
    return this.#json<AuditPage>({ method: "GET", path });
  }

  /** Safe to repeat, and repeated when the connection fails: the body's submissionId names the submission. */
  async submit(body: SubmitRunBody & { readonly submissionId: string }): Promise<RunView> {
    const send = { method: "POST", path: "/runs", body: JSON.stringify(body), sourceText: body.spec } as const;
    return this.#repeated(() => this.#json<RunView>(send));
  }

  async hasBlob(sha256: string): Promise<boolean> {
    const response = await this.#exchange({ method: "HEAD", path: `/blobs/${sha256}` });
    response.stream.resume();
    if (response.status === 200) return true;
    // 410: it was here, and an old run took it along.
    if (response.status === 404 || response.status === 410) return false;
    throw new FarmRefusal(response.status, "", `HEAD /blobs/${sha256}`);
  }

  /** Bytes of it from which an upload can go on. */
  async receivedBytes(sha256: string): Promise<number> {
    const path = `/blobs/${sha256}/upload`;
    return (await this.#json<{ receivedBytes: number }>({ method: "GET", path })).receivedBytes;
  }

  /** Stores the bytes from `from` on, which `stream` gives; one try. */
  async putBlob(
    sha256: string,
    { from, sizeBytes }: { readonly from: number; readonly sizeBytes: number },
    stream: () => Readable,
  ): Promise<void> {
    const response = await this.#exchange({
      method: "PUT",
      path: `/blobs/${sha256}`,
      body: { stream, sizeBytes: sizeBytes - from },
      headers: {
        "content-type": "application/octet-stream",
        ...(from > 0 ? { "content-range": `bytes ${from}-${sizeBytes - 1}/${sizeBytes}` } : {}),
      },
    });
    await this.#bodyOf(response, "the upload");
  }

  /** A blob's bytes from `from` on, which is inside it; the caller reads the stream and closes it. */
  async blob(sha256: string, from: number): Promise<Readable> {
    const headers = from > 0 ? { range: `bytes=${from}-` } : {};
    const response = await this.#exchange({ method: "GET", path: `/blobs/${sha256}`, headers });
    if (response.status !== (from > 0 ? 206 : 200)) await this.#refuse(response, `the blob ${sha256}`);
    return response.stream;
  }

  /** Server-sent events of a run after event `after`; the caller reads the stream and closes it. */
  async events(run: string, after: number): Promise<Readable> {
    const response = await this.#exchange({
      method: "GET",
      path: `/runs/${run}/events?after=${after}`,
      headers: { accept: "text/event-stream", "last-event-id": String(after) },
      idleTimeoutMs: STREAM_IDLE_TIMEOUT_MS,
    });
    await this.#refuseUnlessOk(response, `GET /runs/${run}/events`);
    return response.stream;
  }

  /** Bytes of an attempt's log, from `offset` on. */
  async log(run: string, job: string, options: LogOptions): Promise<LogAnswer> {
    const query = new URLSearchParams(
      options.tail === null ? { offset: String(options.offset) } : { tail: String(options.tail) },
    );
    if (options.to !== null) query.set("limit", String(Math.max(1, options.to - options.offset)));
    if (options.attempt !== null) query.set("attempt", String(options.attempt));
    if (options.follow) query.set("follow", "1");
    const path = `/runs/${run}/jobs/${encodeURIComponent(job)}/log?${query.toString()}`;
    const response = await this.#exchange({ method: "GET", path, idleTimeoutMs: STREAM_IDLE_TIMEOUT_MS });
    await this.#refuseUnlessOk(response, "the log");
    const { headers, stream } = response;
    return {
      attempt: Number(headers["x-kiln-attempt"] ?? options.attempt ?? 1),
      offset: Number(headers["x-kiln-log-offset"] ?? options.offset),
      stream,
    };
  }

  /** When the bytes of an attempt's log came. */
  logTimes(run: string, job: string, attempt: number, from: number): Promise<TimesPage> {
    const path = `/runs/${run}/jobs/${encodeURIComponent(job)}/log/times?attempt=${attempt}&from=${from}`;
    return this.#json<TimesPage>({ method: "GET", path });
  }

  async #json<T>(request: ApiRequest): Promise<T> {
    const what = `${request.method} ${request.path}`;
    const text = await this.#bodyOf(await this.#exchange(request), what, request.sourceText);
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      throw new CliError(`What answers at ${this.#address.url} is not a Kiln farm: ${what} gave no JSON.`, {
        advice: `The address comes from ${this.#address.from}.`,
        cause: error,
      });
    }
  }

  /** For answers without a body. */
  async #done(request: ApiRequest): Promise<void> {
    await this.#bodyOf(await this.#exchange(request), `${request.method} ${request.path}`);
  }

  async #bodyOf(response: HttpResponse, what: string, sourceText = ""): Promise<string> {
    try {
      const text = await readText(response, ANSWER_BYTES_MAX);
      if (response.status < 200 || response.status > 299)
        throw new FarmRefusal(response.status, text, what, sourceText);
      return text;
    } catch (error) {
      throw this.#explained(error);
    }
  }

  async #refuseUnlessOk(response: HttpResponse, what: string): Promise<void> {
    if (response.status !== 200) await this.#refuse(response, what);
  }

  async #refuse(response: HttpResponse, what: string): Promise<never> {
    const body = await this.#bodyOf(response, what);
    throw new FarmRefusal(response.status, body, what);
  }

  async #exchange(request: ApiRequest): Promise<HttpResponse> {
    const json = typeof request.body === "string" && request.body !== "";
    const authorityPem = await this.#authority();
    const options: HttpRequest = {
      ...(authorityPem === null ? {} : { trust: { authorityPem } }),
      method: request.method,
      url: `${this.#address.url}/api/v1${request.path}`,
      headers: {
        accept: "application/json, application/problem+json",
        authorization: `Bearer ${this.#address.token}`,
        ...(json ? { "content-type": "application/json" } : {}),
        ...request.headers,
      },
      idleTimeoutMs: request.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
      ...(request.body === undefined ? {} : { body: request.body }),
      ...(this.#signal === undefined ? {} : { signal: this.#signal }),
    };
    try {
      return await patiently(() => httpExchange(options), { signal: this.#signal, waiting: this.#waiting });
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** Asked for before the first request: nothing is sent to whom the token does not know. */
  async #authority(): Promise<string | null> {
    try {
      this.#found ??= await findAuthority(this.#address, this.#signal);
      return this.#found;
    } catch (error) {
      throw this.#explained(error);
    }
  }

  async #repeated<T>(send: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await send();
      } catch (error) {
        if (!isPassing(error) || tries === SEND_TRIES) throw error;
        await delay(
          SEND_RETRY_MS * 2 ** (tries - 1),
          undefined,
          this.#signal === undefined ? {} : { signal: this.#signal },
        );
      }
    }
  }

  /** Turns a failed connection into words; everything else stays what it is. */
  #explained(error: unknown): unknown {
    return error instanceof ConnectionError ? connectionWords(error, this.#address, Date.now()) : error;
  }
}

interface ApiRequest {
  readonly method: HttpRequest["method"];
  /** Under /api/v1. */
  readonly path: string;
  readonly body?: NonNullable<HttpRequest["body"]>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly idleTimeoutMs?: number;
  /** Text of the spec in the body, to show a mistake in it with its line. */
  readonly sourceText?: string;
}

/** True for what another try may cure: a broken connection, or a farm that is starting or stopping. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ConnectionError) return true;
  if (error instanceof FarmRefusal) return error.status === 502 || error.status === 503 || error.status === 504;
  return error instanceof CliError && error.cause instanceof ConnectionError;
}
