import { join } from "node:path";
import { COMPARE_POLICY } from "@kiln/gate";
import type { Plan } from "@kiln/matrix";
import { temporaryFolder } from "@kiln/testkit";
import { pino } from "pino";
import { openDiskBlobStore } from "../adapters/disk/blob-store.ts";
import { openDiskLogStore } from "../adapters/disk/log-store.ts";
import { createPrometheusMetrics } from "../adapters/prometheus/metrics.ts";
import { openVerdicts } from "../open-verdicts.ts";
import { openFileCipher } from "../adapters/secrets/file-cipher.ts";
import { openSqliteStore } from "../adapters/sqlite/store.ts";
import type { AttemptKey } from "../domain/attempt-key.ts";
import { NO_LIMITS } from "../domain/farm-state.ts";
import { insertRun } from "../domain/insert-run.ts";
import type { Heartbeat } from "../domain/heartbeat.ts";
import type { JobWork } from "../domain/job-work.ts";
import { newLiveRun } from "../domain/live-run.ts";
import { agentRow, runRow, twoStepPlan } from "../domain/testing.ts";
import type { AgentBus, HeldAssignments, OutgoingAssignment } from "../ports/agent-bus.ts";
import type { Upstream } from "../ports/upstream.ts";
import { FarmAgentCommands } from "./agent-commands.ts";
import { AgentRegistry } from "./agent-registry.ts";
import { AttemptSecrets } from "./attempt-secrets.ts";
import { AuditLog } from "./audit-log.ts";
import { ChangeHub } from "./change-hub.ts";
import { FarmEngine } from "./farm-engine.ts";
import { GroupCommit } from "./group-commit.ts";
import { Ingest, type ResultsPeer } from "./ingest.ts";
import { JobSecrets } from "./job-secrets.ts";
import { Liveness } from "./liveness.ts";
import { MeasureTasks } from "./measure-tasks.ts";
import { PlanCache } from "./plan-cache.ts";
import { restoreFarm } from "./restore-farm.ts";
import { FarmRunCommands } from "./run-commands.ts";
import { FarmRunQueries } from "./run-queries.ts";

// The coordinator's services on real stores, with a fake bus and a clock that tests turn.

class FakeBus implements AgentBus {
  readonly assignments: OutgoingAssignment[] = [];
  readonly stops: { agentId: string; key: AttemptKey; reason: string }[] = [];
  readonly registrationsAsked: string[] = [];
  readonly checksAsked: string[] = [];
  readonly leavesAsked: string[] = [];
  beat: (heartbeat: Heartbeat) => void = () => {};
  #published: () => void = () => {};

  async prepareAgent(_agentId: string): Promise<void> {}
  async publishAssignment(assignment: OutgoingAssignment): Promise<void> {
    this.assignments.push(assignment);
    this.#published();
  }
  /** The work of the first assignment that this holds for. */
  async until(is: (assignment: OutgoingAssignment) => boolean): Promise<JobWork> {
    for (;;) {
      const found = this.assignments.find(is);
      if (found) return found.work;
      await new Promise<void>((resolve) => (this.#published = resolve));
    }
  }
  requestStop(agentId: string, key: AttemptKey, reason: string): void {
    this.stops.push({ agentId, key, reason });
  }
  requestRegistration(agentId: string): void {
    this.registrationsAsked.push(agentId);
  }
  requestHealthCheck(agentId: string): void {
    this.checksAsked.push(agentId);
  }
  requestLeave(agentId: string): void {
    this.leavesAsked.push(agentId);
  }
  offerUpdate(): void {}
  onHeartbeat(listener: (heartbeat: Heartbeat) => void): void {
    this.beat = listener;
  }
  onReconnected(): void {}
  isConnected(): boolean {
    return true;
  }
  async roundTripMs(): Promise<number> {
    return 1;
  }
  async heldAssignments(): Promise<HeldAssignments> {
    return { undelivered: 0, unacknowledged: 0, oldestAgeMs: 0 };
  }
  async [Symbol.asyncDispose](): Promise<void> {}
}

/** What an agent's stream was told. */
export class FakePeer implements ResultsPeer {
  readonly agentId: string;
  readonly acks: { key: AttemptKey; seq: number }[] = [];
  readonly refusals: { key: AttemptKey; reason: string }[] = [];
  #waiting: { done: () => boolean; resolve: () => void }[] = [];

  constructor(agentId: string) {
    this.agentId = agentId;
  }

  ack(key: AttemptKey, seq: number): void {
    this.acks.push({ key, seq });
    this.#wake();
  }

  refuse(key: AttemptKey, reason: string): void {
    this.refusals.push({ key, reason });
    this.#wake();
  }

  /** Resolves when `done` holds; asked after every acknowledgement and refusal. */
  until(done: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ done, resolve });
      this.#wake();
    });
  }

  #wake(): void {
    const woken = this.#waiting.filter(({ done }) => done());
    this.#waiting = this.#waiting.filter((entry) => !woken.includes(entry));
    for (const { resolve } of woken) resolve();
  }
}

const NO_UPSTREAM: Upstream = {
  page: async () => ({ ok: false, reason: "not-configured" }),
  file: async () => ({ ok: false, reason: "not-configured" }),
  [Symbol.asyncDispose]: async () => {},
};

export const LEASE_TTL_MS = 10_000;

/** Opens the services on the stores in `dir`; opening the same folder again is a restart. */
export async function openServices(dir: string) {
  const stack = new AsyncDisposableStack();
  const log = pino({ level: "silent" });
  let nowMs = 1_000_000;
  const clock = { nowMs: () => nowMs };
  const metrics = createPrometheusMetrics({ version: "0.0.0", limits: [] });
  const blobs = await openDiskBlobStore(join(dir, "blobs"), { blobBytesMax: 1_000_000 });
  const logs = stack.use(await openDiskLogStore(join(dir, "logs")));
  const store = stack.use(openSqliteStore(join(dir, "kiln.db")));
  const bus = new FakeBus();
  const commits = new GroupCommit(store, metrics, {
    gatherMs: () => 0,
    attemptsMax: 1,
    retryDelayMs: 1,
    onTrouble: () => {},
    onGivenUp: () => {},
  });
  const plans = new PlanCache(store, 1_000_000);
  const hub = new ChangeHub();
  const farm = await restoreFarm(store, plans, { nowMs, leaseTtlMs: LEASE_TTL_MS, limits: NO_LIMITS });
  const measures = new MeasureTasks({ store, plans, blobs, policy: COMPARE_POLICY });
  const parts = { commits, bus, plans, measures, hub, metrics, clock, log };
  const engine = new FarmEngine(farm, parts, { leaseTtlMs: LEASE_TTL_MS });
  const ingest = new Ingest({ engine, logs, blobs, plans, hub, metrics, clock, log });
  stack.defer(() => commits.idle());
  stack.defer(() => ingest.stop());
  const audit = new AuditLog(
    { commits, store: store.audit, clock, metrics, log },
    { ageMaxMs: null, rowsMax: 1_000, refusedRowsMax: 100 },
  );
  const cipher = openFileCipher(join(dir, "secrets.key"), true);
  const secrets = await JobSecrets.open({ store: store.jobSecrets, audit, cipher, clock });
  const attemptSecrets = new AttemptSecrets(engine, { plans, secrets, audit });
  const registry = new AgentRegistry(engine, { bus, metrics, log }, 100);
  const agents = new FarmAgentCommands(engine, { audit, log });
  const liveness = new Liveness(
    engine,
    { bus, metrics, clock, log },
    { noAgentGraceMs: 60_000, checkIntervalMs: 3_600_000 },
  );
  const commands = new FarmRunCommands(
    engine,
    { store, blobs, plans, metrics, audit, secrets },
    { queuedJobsMax: 1_000, sourceBytesMax: 1_000_000_000 },
  );
  const judging = {
    engine,
    store,
    blobs,
    plans,
    hub,
    upstream: NO_UPSTREAM,
    compare: COMPARE_POLICY,
    metrics,
    audit,
    clock,
    log,
  };
  const { judge, verdicts, board, selfBoard, stop } = openVerdicts({ ...judging, releaseSeriesMax: 10_000 });
  stack.defer(stop);
  judge.start();
  const queries = new FarmRunQueries(store, plans, farm, clock.nowMs);

  const submit = (pythons: readonly string[], plan: Plan = twoStepPlan(pythons)): Promise<number> =>
    engine.act((state, effects) => {
      const run = newLiveRun({ ...runRow(++state.lastRun), changedId: ++state.lastChangedId }, plan, nowMs);
      state.runs.set(run.row.run, run);
      const planJson = JSON.stringify(plan);
      plans.put(run.row.run, plan, planJson);
      for (const job of run.jobs) if (job.life.state.name === "ready") state.ready.add(run, job);
      effects.ops.push(insertRun(run, plan, planJson));
      return run.row.run;
    });
  const register = (agentId: string, slots = 1, pythons: readonly string[] = ["3.12"]) =>
    registry.register({
      ...agentRow(agentId, slots, pythons),
      kinds: ["build", "test", "check", "scan", "bench", "profile"],
    });

  return {
    advance: (byMs: number) => void (nowMs += byMs),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
    ...{
      farm,
      store,
      blobs,
      logs,
      bus,
      engine,
      ingest,
      liveness,
      registry,
      agents,
      commands,
      queries,
      judge,
      board,
      selfBoard,
      verdicts,
      hub,
      metrics,
      audit,
      secrets,
      attemptSecrets,
      submit,
      register,
    },
  };
}

export type Services = Awaited<ReturnType<typeof openServices>>;

/** A folder and the services in it, for one test. */
export async function servicesInFolder(): Promise<Services & { readonly dir: string; restart(): Promise<Services> }> {
  const folder = temporaryFolder("kiln-services-");
  let services = await openServices(folder.path);
  return {
    ...services,
    dir: folder.path,
    async restart() {
      await services[Symbol.asyncDispose]();
      services = await openServices(folder.path);
      return services;
    },
    async [Symbol.asyncDispose]() {
      await services[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}
