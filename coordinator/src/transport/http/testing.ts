import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JobSummary, JobView, RunEvent, RunSummary, RunView } from "@kiln/proto";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { FarmIdentity } from "@kiln/identity";
import { pino } from "pino";
import { openDiskBlobStore } from "../../adapters/disk/blob-store.ts";
import { openDiskLogStore } from "../../adapters/disk/log-store.ts";
import { openFileCipher } from "../../adapters/secrets/file-cipher.ts";
import { openSqliteStore, type SqliteStores } from "../../adapters/sqlite/store.ts";
import type { StoreOp } from "../../domain/store-op.ts";
import type { Decider } from "../../domain/verdict/decision.ts";
import type { AttemptKey } from "../../domain/attempt-key.ts";
import type { BlobSweep } from "../../ports/blob-sweep.ts";
import type { ResumableBlobStore } from "../../ports/blob-uploads.ts";
import { systemClock } from "../../ports/clock.ts";
import type { LogStore } from "../../ports/log-store.ts";
import type { Upstream } from "../../ports/upstream.ts";
import { ApiTokens } from "../../services/api-tokens.ts";
import { AuditLog } from "../../services/audit-log.ts";
import { JobSecrets } from "../../services/job-secrets.ts";
import { Retention } from "../../services/retention.ts";
import type { AgentCommands } from "../../services/agent-commands.ts";
import type { AgentIdentities } from "../../services/agent-identities.ts";
import { openTestIdentities } from "../../services/testing-identities.ts";
import { stagingIndexOn } from "../../services/testing-index.ts";
import type {
  AttemptLogInfo,
  RunChanges,
  RunCommandOutcome,
  RunCommands,
  RunQueries,
  SubmitOutcome,
} from "../../services/api.ts";
import type { SelfCompareOutcome } from "../../services/api.ts";
import type { VerdictOutcome, Verdicts } from "../../services/verdict/verdicts.ts";
import type { HttpServerDeps, Readiness } from "./http-deps.ts";
import type { HttpLimits } from "./limits.ts";
import { createHttpServer } from "./server.ts";

export const TOKEN = "a-token-for-tests-only";
/** Of no authority. */
const FINGERPRINT = "f".repeat(43);

const NO_AGENT = { ok: false, reason: "no-such-agent", detail: "no agent is called that" } as const;

/** Stands in for the services: one run, r7, with one job, that tests change by hand. */
export class FakeFarm implements RunCommands, RunQueries, RunChanges, Verdicts {
  state: RunSummary["state"] = "running";
  submitOutcome: SubmitOutcome = { ok: true, run: 7, created: true };
  commandOutcome: RunCommandOutcome = { ok: true };
  verdictOutcome: VerdictOutcome = { ok: false, reason: "not-judged", detail: "r7 is running" };
  readonly decided: unknown[] = [];
  attempt: Pick<AttemptLogInfo, "finished" | "logBytes"> & Partial<AttemptLogInfo> = { finished: false, logBytes: 0 };
  attemptsMade = 1;
  failure: Error | null = null;
  events: RunEvent[] = [];
  lookups = 0;
  readonly submitted: unknown[] = [];
  readonly listeners = new Set<() => void>();
  readonly agentCommands: AgentCommands = {
    setMode: async () => NO_AGENT,
    addWindow: async () => NO_AGENT,
    removeWindow: async () => NO_AGENT,
    clear: async () => NO_AGENT,
  };

  async submit(body: unknown): Promise<SubmitOutcome> {
    this.submitted.push(body);
    return this.submitOutcome;
  }

  async cancel(run: number): Promise<RunCommandOutcome> {
    return run === 7 ? this.commandOutcome : { ok: false, reason: "no-such-run" };
  }

  async retryFailed(run: number): Promise<RunCommandOutcome> {
    return this.cancel(run);
  }

  async compareWithItself(run: number): Promise<SelfCompareOutcome> {
    return run === 7 ? { ok: true, run: 7 } : { ok: false, reason: "no-such-run" };
  }

  async verdict(run: number): Promise<VerdictOutcome> {
    return run === 7 ? this.verdictOutcome : { ok: false, reason: "no-such-run" };
  }

  async approve(run: number, body: unknown, by: Decider): Promise<VerdictOutcome> {
    this.decided.push({ body, by });
    return this.verdict(run);
  }

  async waive(run: number, body: unknown, by: Decider): Promise<VerdictOutcome> {
    return this.approve(run, body, by);
  }

  async runs(limit: number, before: number | null): Promise<RunSummary[]> {
    return limit > 0 && (before === null || before > 7) ? [this.summary()] : [];
  }

  async run(run: number): Promise<RunView | null> {
    if (this.failure) throw this.failure;
    if (run !== 7) return null;
    const source = { sha256: "a".repeat(64), sizeBytes: 1, filename: "demo-1.0.tar.gz" };
    const lastEventId = this.events.at(-1)?.id ?? 1;
    return {
      ...this.summary(),
      source,
      cells: [],
      excluded: [],
      reduced: [],
      jobs: [jobSummary("running")],
      lastEventId,
      expectedMs: null,
    };
  }

  async job(run: number, jobName: string): Promise<JobView | null> {
    return run === 7 && jobName === "build-cp312"
      ? { run: "r7", ...jobSummary("running"), history: [], reusedAttempt: null, reproduced: null, why: "" }
      : null;
  }

  async attemptLog(run: number, jobName: string, attempt: number | null) {
    if (run !== 7 || jobName !== "build-cp312" || (attempt ?? 1) > this.attemptsMade) return null;
    if (this.attemptsMade === 0) return null;
    return { key: LOG_KEY, expired: null, ...this.attempt };
  }

  async agents() {
    return [];
  }

  async agent() {
    return null;
  }

  async project() {
    return { durationsMs: { build: 2_000 }, failingCells: [] };
  }

  async farmPythons() {
    return [{ platform: "linux-x86_64", feature: "3.12" }];
  }

  async eventsAfter(_run: number, eventId: number): Promise<readonly RunEvent[]> {
    this.lookups++;
    if (this.failure) throw this.failure;
    return this.events.filter((event) => event.id > eventId);
  }

  onRunChanged(_run: number, listener: () => void): Disposable {
    this.listeners.add(listener);
    return { [Symbol.dispose]: () => void this.listeners.delete(listener) };
  }

  onLogChanged(_key: AttemptKey, listener: () => void): Disposable {
    return this.onRunChanged(0, listener);
  }

  /** Makes events visible, then says so. */
  emit(...events: RunEvent[]): void {
    this.events.push(...events);
    for (const event of events) if (event.type === "run") this.state = event.run.state;
    this.notify();
  }

  notify(): void {
    for (const listener of this.listeners) listener();
  }

  summary(state = this.state): RunSummary {
    const candidate = { name: "demo", version: "1.0", requiresPython: null, factsFrom: "PKG-INFO", origin: "demo" };
    const counts = { total: 1, waiting: 0, active: 1, passed: 0, failed: 0, notRun: 0 };
    const times = { submittedAtMs: 1, startedAtMs: 2, finishedAtMs: null };
    return {
      run: "r7",
      candidate,
      state,
      verdict: null,
      reason: "",
      counts,
      ...times,
      pinned: false,
      selfComparisonOf: null,
      bytesGone: null,
      priority: 0,
    };
  }

  runEvent(id: number, state: RunSummary["state"]): RunEvent {
    return { type: "run", id, atMs: id, run: this.summary(state) };
  }
}

export const LOG_KEY: AttemptKey = { run: 7, job: 0, attempt: 1 };

export function jobEvent(id: number, state: JobSummary["state"] = "running", summary = ""): RunEvent {
  return { type: "job", id, atMs: id, job: { ...jobSummary(state), summary } };
}

function jobSummary(state: JobSummary["state"]): JobSummary {
  const what = { name: "build-cp312", kind: "build", cell: "cp312-linux-x86_64", needs: [] } as const;
  const how = { state, outcome: null, summary: "", attempts: 1, agentName: "box", pythonVersion: "3.12.1" };
  return { ...what, needs: [], ...how, startedAtMs: 3, finishedAtMs: null, reusedFrom: null, tests: null };
}

export interface TestRequest {
  readonly method?: string;
  readonly body?: NonNullable<RequestInit["body"]>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestServer extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly url: string;
  readonly port: number;
  readonly farm: FakeFarm;
  readonly blobs: ResumableBlobStore;
  /** The same, without what a test wrapped it in. */
  readonly disk: BlobSweep;
  readonly logs: LogStore;
  /** What the staging index is on; it has no run until a test inserts one. */
  readonly store: SqliteStores;
  readonly identity: FarmIdentity;
  readonly identities: AgentIdentities;
  readonly limitsReached: string[];
  /** Holds all that it keeps. */
  readonly folder: string;
  readonly apiTokens: ApiTokens;
  readonly audit: AuditLog;
  /** Fetches below /api/v1 with the farm's token. */
  get(path: string, init?: TestRequest): Promise<Response>;
}

export interface TestServerOptions {
  readonly limits?: Partial<HttpLimits>;
  /** That have joined and not left. */
  readonly agentsMax?: number;
  readonly allowedHosts?: readonly string[];
  readonly ready?: () => Promise<Readiness>;
  readonly log?: FastifyBaseLogger;
  readonly upstream?: Upstream;
  /** The agent that a request is taken to come from; none by default. */
  readonly agentOf?: NonNullable<HttpServerDeps["agentOf"]>;
  readonly holdsAttemptOf?: HttpServerDeps["holdsAttemptOf"];
  /** Adds routes after the server's own. */
  readonly addRoutes?: (app: FastifyInstance) => void;
  readonly wrapLogs?: (logs: LogStore & AsyncDisposable) => LogStore & AsyncDisposable;
  readonly wrapBlobs?: (blobs: ResumableBlobStore) => ResumableBlobStore;
}

/** A server on a real socket with real blobs and logs in a temporary folder, over a fake farm. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), "kiln-http-"));
  const limits: Partial<HttpLimits> = { blobBytesMax: 8 * 1024 * 1024, ...options.limits };
  const disk = await openDiskBlobStore(join(folder, "blobs"), { blobBytesMax: 8 * 1024 * 1024 });
  const blobs = options.wrapBlobs?.(disk) ?? disk;
  const diskLogs = await openDiskLogStore(join(folder, "logs"));
  const logs = options.wrapLogs?.(diskLogs) ?? diskLogs;
  const store = openSqliteStore(join(folder, "kiln.db"));
  const { identity, identities } = await openTestIdentities(
    store.identities,
    folder,
    options.agentsMax === undefined ? {} : { agentsMax: options.agentsMax },
  );
  const farm = new FakeFarm();
  const limitsReached: string[] = [];
  const metrics = { limitReached: (limit: string) => void limitsReached.push(limit) };
  const quiet = pino({ level: "silent" });
  const auditParts = { commits: { add: (ops: readonly StoreOp[]) => store.commit(ops) }, store: store.audit, metrics };
  const audit = new AuditLog(
    { ...auditParts, clock: systemClock, log: quiet },
    { ageMaxMs: null, rowsMax: 1_000, refusedRowsMax: 1_000 },
  );
  const tokens = { store: store.apiTokens, audit, fingerprint: FINGERPRINT, clock: systemClock, log: quiet };
  const apiTokens = await ApiTokens.open(tokens);
  const cipher = openFileCipher(join(folder, "secrets.key"), true);
  const deps: HttpServerDeps = {
    commands: farm,
    queries: farm,
    agents: farm.agentCommands,
    changes: farm,
    verdicts: farm,
    index: stagingIndexOn(store, blobs, options.upstream).index,
    blobs,
    retention: new Retention(
      {
        store: store.retention,
        blobs: disk,
        logs,
        metrics: { removed: () => {}, swept: () => {} },
        clock: systemClock,
        log: pino({ level: "silent" }),
        isActive: () => false,
      },
      { ageMaxMs: null, newestRunsKept: 20 },
    ),
    logs,
    metrics: {
      ...metrics,
      scrape: async () => ({ contentType: "text/plain; version=0.0.4; charset=utf-8", text: "kiln_slots 4\n" }),
    },
    ready: options.ready ?? (async () => ({ ok: true })),
    token: TOKEN,
    identities,
    ...(options.agentOf ? { agentOf: options.agentOf } : {}),
    holdsAttemptOf: options.holdsAttemptOf ?? (() => false),
    updates: {
      offer: async () => ({ ok: false, reason: "no-such-agent" }),
      softwareOf: () => null,
    },
    apiTokens,
    audit,
    secrets: await JobSecrets.open({ store: store.jobSecrets, audit, cipher, clock: systemClock }),
    clock: systemClock,
    version: "1.2.3",
    log: options.log ?? false,
    limits,
    allowedHosts: options.allowedHosts ?? [],
  };
  const app = createHttpServer(deps);
  options.addRoutes?.(app);
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    app,
    url,
    port,
    farm,
    blobs,
    disk,
    logs,
    store,
    identity,
    identities,
    folder,
    limitsReached,
    apiTokens,
    audit,
    get: (path, init = {}) =>
      fetch(`${url}/api/v1${path}`, { ...init, headers: { authorization: `Bearer ${TOKEN}`, ...init.headers } }),
    [Symbol.asyncDispose]: async () => {
      await app.close();
      await logs[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Reads the body of a response piece by piece. */
export class BodyReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  text = "";

  constructor(response: Response) {
    if (!response.body) throw new Error(`status ${response.status} has no body`);
    this.#reader = response.body.getReader();
  }

  /** Reads until the text so far contains `part`. Throws when the body ends before. */
  async until(part: string): Promise<string> {
    while (!this.text.includes(part)) {
      const { done, value } = await this.#reader.read();
      if (done) throw new Error(`the body ended without ${JSON.stringify(part)}: ${JSON.stringify(this.text)}`);
      this.text += this.#decoder.decode(value, { stream: true });
    }
    return this.text;
  }

  async toEnd(): Promise<string> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return this.text;
      this.text += this.#decoder.decode(value, { stream: true });
    }
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}
