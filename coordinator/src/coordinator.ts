import { randomBytes } from "node:crypto";
import type { Server as HttpsServer } from "node:https";
import { join } from "node:path";
import { COMPARE_POLICY } from "@kiln/gate";
import { openFarmIdentity, type FarmIdentity, type FarmServerCertificate } from "@kiln/identity";
import { pino, type Logger } from "pino";
import { openDiskBlobStore } from "./adapters/disk/blob-store.ts";
import { openDiskLogStore } from "./adapters/disk/log-store.ts";
import { CertificateRenewal } from "./adapters/identity/certificate-renewal.ts";
import { IdentityAuthority } from "./adapters/identity/farm-authority.ts";
import { NatsAccountUpdates } from "./adapters/nats/account-updates.ts";
import { openNatsBus } from "./adapters/nats/agent-bus.ts";
import { openHttpUpstream } from "./adapters/http-upstream/http-upstream.ts";
import { createPrometheusMetrics } from "./adapters/prometheus/metrics.ts";
import { openSqliteStore, type SqliteStores } from "./adapters/sqlite/store.ts";
import { SelfComparisonSchedule } from "./services/self-comparison-schedule.ts";
import { watchClock } from "./adapters/system/watched-clock.ts";
import { createZipWheelReader } from "./adapters/zip/wheel-reader.ts";
import type { CoordinatorConfig } from "./config.ts";
import { followNatsLog, NATS_LOG_LIMIT_NAME } from "./follow-nats-log.ts";
import { openVerdicts } from "./open-verdicts.ts";
import type { FarmLimits } from "./domain/farm-state.ts";
import { farmGauges } from "./domain/farm-gauges.ts";
import type { Clock } from "./ports/clock.ts";
import type { FarmState } from "./domain/farm-state.ts";
import { moveDeadlines } from "./domain/move-deadlines.ts";
import type { RetentionPolicy } from "./domain/retention.ts";
import type { BlobStore } from "./ports/blob-store.ts";
import { systemClock } from "./ports/clock.ts";
import type { Upstream } from "./ports/upstream.ts";
import { FarmAgentCommands } from "./services/agent-commands.ts";
import { AgentIdentities } from "./services/agent-identities.ts";
import { AgentUpdates } from "./services/agent-updates.ts";
import { openCommits } from "./open-commits.ts";
import { openPeople } from "./people.ts";
import { AgentRegistry } from "./services/agent-registry.ts";
import { BuildStager } from "./services/build-stager.ts";
import { AttemptSecrets } from "./services/attempt-secrets.ts";
import { AUDIT_LIMIT_NAMES, type AuditLog } from "./services/audit-log.ts";
import { BusPing } from "./services/bus-ping.ts";
import { ChangeHub } from "./services/change-hub.ts";
import { endAgentAttempts, endRevokedAgents } from "./services/end-agent-attempts.ts";
import { FarmEngine } from "./services/farm-engine.ts";
import { FileStager } from "./services/file-stager.ts";
import { Ingest } from "./services/ingest.ts";
import { Liveness } from "./services/liveness.ts";
import { MeasureTasks } from "./services/measure-tasks.ts";
import { PlanCache } from "./services/plan-cache.ts";
import { restoreFarm } from "./services/restore-farm.ts";
import { FarmRunCommands } from "./services/run-commands.ts";
import { Retention } from "./services/retention.ts";
import { RunIndexes } from "./services/run-indexes.ts";
import { FarmRunQueries } from "./services/run-queries.ts";
import { RunStagingIndex } from "./services/run-staging-index.ts";
import { startGrpcServer, type GrpcServer } from "./transport/grpc/server.ts";
import { HTTP_LIMIT_NAMES, type HttpLimits } from "./transport/http/limits.ts";
import { peerAgentOf } from "./transport/http/peer-agent.ts";
import { createHttpServer } from "./transport/http/server.ts";
import { tlsOptions } from "./transport/tls/tls-material.ts";
import { VERSION } from "./version.ts";

export interface Coordinator extends AsyncDisposable {
  readonly httpUrl: string;
  readonly grpcAddress: string;
  /** Rejects when the coordinator can no longer do its work and must be restarted. */
  readonly failed: Promise<never>;
}

const PLAN_CACHE_CHARS = 2 * 1024 * 1024;
/** Covers a second of fast logs, which is how long an acknowledgement may take. */
const WINDOW_BYTES = 32 * 1024 * 1024;
const BUSY_ATTEMPTS = 16;
const LEASE_CHECKS_PER_TTL = 15;
/** How often an update is offered again that an agent has not taken. */
const UPDATE_OFFER_INTERVAL_MS = 2_000;
/** Of this process, in errors and metrics. */
const LIMIT_NAMES: readonly string[] = [
  ...HTTP_LIMIT_NAMES,
  ...AUDIT_LIMIT_NAMES,
  ...["queued-jobs", "source-bytes", "agents", "agent-series", "release-series", NATS_LOG_LIMIT_NAME],
];
const PING_INTERVAL_MS = 15_000;
const DAY_MS = 24 * 3_600_000;
const UPSTREAM_FILES_MAX = 20_000;
const UPSTREAM_FILE_AGE_MAX_MS = 30 * 24 * 3_600_000;

/**
 * Opens everything a coordinator is made of, top to bottom, and closes it in
 * the opposite order. Throws when a part cannot be opened.
 */
export async function startCoordinator(
  config: CoordinatorConfig,
  log: Logger = defaultLogger(config),
): Promise<Coordinator> {
  await using stack = new AsyncDisposableStack();
  const clock = watchClock(systemClock);
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  // Whoever waits for it hears of it; a coordinator that is only disposed of must not.
  failed.catch(() => undefined);

  const metrics = createPrometheusMetrics({ version: VERSION, limits: LIMIT_NAMES });
  const blobs = await openDiskBlobStore(join(config.dir, "blobs"), {
    blobBytesMax: config.blobBytesMax,
    onPartialDropped: () => metrics.limitReached("partial-uploads"),
  });
  const logs = stack.use(await openDiskLogStore(join(config.dir, "logs")));
  const store = stack.use(openSqliteStore(join(config.dir, "kiln.db")));
  let { port: grpcPort } = config.grpcAddress;
  const identity = await openFarmIdentity(config.identityDir, { nowMs: clock.nowMs() });
  const nats = { url: config.natsUrl, identity, publishTimeoutMs: 5_000, connectTimeoutMs: 10_000 };
  const bus = stack.use(await openNatsBus(nats, log.child({ part: "nats" })));
  const accounts = stack.use(await NatsAccountUpdates.open(nats, log.child({ part: "nats" })));

  const isBusy = (): boolean => farm.attempts.size >= BUSY_ATTEMPTS;
  const { commits, isInTrouble } = openCommits(store, { metrics, log }, { isBusy, onGivenUp: fail });
  const people = await openPeople(stack, config, { identity, store, commits, metrics, log });
  const known = { store, identity, accounts, grpcPort: () => grpcPort, ...people, log };
  const identities = await openIdentities(known, config);
  const plans = new PlanCache(store, PLAN_CACHE_CHARS);
  const hub = new ChangeHub();
  const { leaseTtlMs } = config;
  const farm = await restoreFarm(store, plans, { nowMs: clock.nowMs(), leaseTtlMs, limits: farmLimits(config) });
  clock.onSet((byMs) => {
    log.warn({ byMs }, "the system's clock was set: leases keep their length");
    moveDeadlines(farm, byMs);
  });
  metrics.observe(() => {
    const usage = blobs.usage();
    return { ...farmGauges(farm), storedBlobs: usage.blobs, storedBlobBytes: usage.bytes };
  });
  const compare = { ...COMPARE_POLICY, foreignCpuMax: config.foreignCpuMax };
  const measures = new MeasureTasks({ store, plans, blobs, policy: compare });
  const engine = new FarmEngine(farm, { commits, bus, plans, measures, hub, metrics, clock, log }, { leaseTtlMs });
  const commands = new FarmRunCommands(engine, { store, blobs, plans, metrics, ...people }, config);
  const queries = new FarmRunQueries(store, plans, farm);
  const upstream = stack.use(await openUpstream(config));
  const { releaseSeriesMax } = config;
  const { audit } = people;
  const judging = { engine, store, blobs, plans, hub, upstream, compare, metrics, releaseSeriesMax, audit, clock, log };
  const { judge, verdicts, stop } = openVerdicts(judging);
  const index = openStagingIndex({ store, blobs, plans, hub, upstream, log: log.child({ part: "index" }) });
  await endRevokedAgents(engine, (agentId) => identities.revocationOf(agentId));
  const ingest = new Ingest({ engine, logs, blobs, plans, hub, metrics, clock, log: log.child({ part: "ingest" }) });
  const agents = new FarmAgentCommands(engine, { ...people, log: log.child({ part: "agents" }) });
  const updateLog = log.child({ part: "updates" });
  const updates = new AgentUpdates({ engine, store: store.updates, blobs, bus, audit, clock, log: updateLog });
  await updates.start(UPDATE_OFFER_INTERVAL_MS);
  stack.defer(() => updates.stop());
  const registry = new AgentRegistry(engine, { bus, metrics, log }, config.agentsMax);
  const attemptSecrets = new AttemptSecrets(engine, { plans, ...people });
  const liveness = new Liveness(
    engine,
    { bus, metrics, clock, log: log.child({ part: "liveness" }) },
    { noAgentGraceMs: config.noAgentGraceMs, checkIntervalMs: Math.min(1_000, leaseTtlMs / LEASE_CHECKS_PER_TTL) },
  );

  const isActive = (run: number): boolean => farm.runs.has(run);
  const kept = { store: store.retention, blobs, logs, metrics, clock, isActive, log: log.child({ part: "retention" }) };
  const retention = new Retention(kept, retentionPolicy(config));

  stack.defer(() => commits.idle());
  const { connections } = accounts;
  const following = { audit: people.audit, connections, metrics, log: log.child({ part: "nats" }) };
  stack.use(await followNatsLog(config.natsLog, following));
  stack.defer(() => ingest.stop());
  const forAgents = { registry, updates, ingest, health: agents, attemptSecrets, ...people, identities };
  stack.defer(stop);
  const grpc = stack.use(
    await startGrpcServer(
      { ...forAgents, log: log.child({ part: "grpc" }) },
      {
        address: formatAddress(config.grpcAddress),
        tls: tlsOf(identity, identity.server),
        heartbeatIntervalMs: config.heartbeatIntervalMs,
        windowBytes: WINDOW_BYTES,
      },
    ),
  );
  grpcPort = Number(grpc.address.split(":").at(-1));
  const http = createHttpServer({
    ...{ commands, queries, verdicts, agents, changes: hub, index, blobs, retention, logs, metrics, ...people, clock },
    token: config.token,
    tls: tlsOf(identity, identity.server),
    identities,
    agentOf: (request) => identities.known(peerAgentOf(request)),
    holdsAttemptOf: (agentId, run) => holdsAttemptOf(farm, agentId, run),
    updates,
    version: VERSION,
    log: log.child({ part: "http" }),
    limits: httpLimits(config),
    allowedHosts: config.allowedHosts,
    ready: async () => {
      if (isInTrouble()) return { ok: false, detail: "the store does not take commits" };
      if (!bus.isConnected()) return { ok: false, detail: "the connection to NATS is lost" };
      return { ok: true };
    },
  });
  identities.onRevoked(async (agentId, revocation) => {
    grpc.endAgent(agentId);
    await endAgentAttempts(engine, agentId, revocation);
  });
  stack.use(renewCertificates(identity, { grpc, https: http.server as unknown as HttpsServer, log }));
  const httpUrl = await http.listen({ host: config.httpAddress.host, port: config.httpAddress.port });
  stack.defer(() => http.close());
  judge.start();
  stack.use(new BusPing({ bus, metrics, clock, log: log.child({ part: "nats" }) }, PING_INTERVAL_MS));
  liveness.start();
  stack.defer(() => liveness.stop());
  stack.use(compareWhenIdle({ farm, store, commands, clock, log }, config));
  retention.start();
  stack.defer(() => retention.stop());

  const owned = stack.move();
  return { httpUrl, grpcAddress: grpc.address, failed, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function farmLimits({ runJobsMax, projectJobsMax }: CoordinatorConfig): FarmLimits {
  const orNone = (max: number): number => (max === 0 ? Number.POSITIVE_INFINITY : max);
  return { runJobsMax: orNone(runJobsMax), projectJobsMax: orNone(projectJobsMax) };
}

function retentionPolicy({ retentionDays, retentionRunsMin }: CoordinatorConfig): RetentionPolicy {
  return { ageMaxMs: retentionDays === 0 ? null : retentionDays * DAY_MS, newestRunsKept: retentionRunsMin };
}

/** Who is an agent; what agents are told of where the farm is. */
function openIdentities(
  parts: {
    readonly store: SqliteStores;
    readonly identity: FarmIdentity;
    readonly accounts: NatsAccountUpdates;
    readonly grpcPort: () => number;
    readonly audit: AuditLog;
    readonly log: Logger;
  },
  config: CoordinatorConfig,
): Promise<AgentIdentities> {
  const { store, identity, accounts, audit, log } = parts;
  const authority = new IdentityAuthority(identity, accounts, config.agentCredentialsTtlMs);
  return AgentIdentities.open(
    {
      ...{ store: store.identities, authority, audit, clock: systemClock, log: log.child({ part: "identity" }) },
      randomId: () => randomBytes(4).toString("hex"),
    },
    {
      lifetimeMs: config.agentCredentialsTtlMs,
      agentsMax: config.agentsMax,
      addresses: () => ({
        grpcAddress: config.publicGrpcAddress ?? `:${parts.grpcPort()}`,
        natsUrl: config.publicNatsUrl ?? publicUrlOf(config.natsUrl),
      }),
    },
  );
}

/** A server on this machine is, for others, where they have found the farm. */
function publicUrlOf(natsUrl: string): string {
  const { hostname, port } = new URL(natsUrl);
  return /^(?:127\.|localhost$|\[::1\]$|0\.0\.0\.0$|\[::\]$)/.test(hostname) ? `nats://:${port}` : natsUrl;
}

/** New connections see a renewed certificate, those that are there go on. */
function renewCertificates(
  identity: FarmIdentity,
  servers: { readonly grpc: GrpcServer; readonly https: HttpsServer; readonly log: Logger },
): Disposable {
  const parts = { clock: systemClock, log: servers.log.child({ part: "identity" }) };
  const renewal = new CertificateRenewal(identity.folder, identity.server, parts, (server) => {
    const tls = tlsOf(identity, server);
    servers.grpc.replaceCertificate(tls);
    servers.https.setSecureContext(tlsOptions(tls));
  });
  renewal.start();
  return { [Symbol.dispose]: () => renewal.stop() };
}

function tlsOf(identity: FarmIdentity, server: FarmServerCertificate) {
  const { certificatePem, privateKeyPem } = server;
  return { authorityPem: identity.authority.certificatePem, certificatePem, privateKeyPem };
}

/** Measures releases against themselves while the farm has nothing else to do. */
function compareWhenIdle(
  { store, log, ...parts }: IdleParts,
  { selfComparisonIntervalMs }: CoordinatorConfig,
): AsyncDisposable {
  const { selfComparisons } = store;
  const schedule = new SelfComparisonSchedule(
    { ...parts, store, selfComparisons, log: log.child({ part: "self-comparisons" }) },
    selfComparisonIntervalMs,
  );
  schedule.start();
  return { [Symbol.asyncDispose]: () => schedule.stop() };
}

interface IdleParts {
  readonly farm: FarmState;
  readonly store: SqliteStores;
  readonly commands: FarmRunCommands;
  readonly clock: Clock;
  readonly log: Logger;
}

function holdsAttemptOf(farm: FarmState, agentId: string, run: number): boolean {
  return farm.attempts.values().some((attempt) => attempt.agentId === agentId && attempt.key.run === run);
}

/** The indexes that other projects come from. */
function openUpstream(config: CoordinatorConfig): ReturnType<typeof openHttpUpstream> {
  return openHttpUpstream(join(config.dir, "upstream"), {
    userIndexes: config.upstreamIndexes,
    torchIndex: config.torchIndex,
    files: {
      bytesMax: config.upstreamCacheBytesMax,
      entriesMax: UPSTREAM_FILES_MAX,
      ageMaxMs: UPSTREAM_FILE_AGE_MAX_MS,
    },
  });
}

function httpLimits(config: CoordinatorConfig): Partial<HttpLimits> {
  const { blobBytesMax, storedBytesMax, requestsPerMinuteMax, enrolmentsPerMinuteMax, authFailuresPerMinuteMax } =
    config;
  return { blobBytesMax, storedBytesMax, requestsPerMinuteMax, enrolmentsPerMinuteMax, authFailuresPerMinuteMax };
}

/** The staging index of every run, on the stores that are there already. */
function openStagingIndex(parts: {
  readonly store: SqliteStores;
  readonly blobs: BlobStore;
  readonly plans: PlanCache;
  readonly hub: ChangeHub;
  readonly upstream: Upstream;
  readonly log: Logger;
}): RunStagingIndex {
  const { blobs, plans, hub, upstream, log } = parts;
  const store = parts.store.staging;
  const stager = new FileStager({ blobs, store, wheels: createZipWheelReader(blobs), clock: systemClock });
  const builds = new BuildStager({ stager, store, blobs, clock: systemClock, log });
  hub.onBuilt((run) => builds.built(run));
  const runs = new RunIndexes(parts.store, plans);
  return new RunStagingIndex({ runs, plans, store, blobs, stager, builds, upstream });
}

function formatAddress({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** JSON lines on standard error; standard output belongs to the ready line. */
function defaultLogger(config: CoordinatorConfig): Logger {
  return pino({ level: config.logLevel, base: { process: "coordinator" } }, pino.destination({ dest: 2, sync: false }));
}
