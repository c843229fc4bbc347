import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { CredentialFolder } from "./adapters/disk/credential-folder.ts";
import { VersionsFolder } from "./adapters/disk/versions-folder.ts";
import { writeDurably } from "./adapters/disk/write-durably.ts";
import { lockHome } from "./adapters/disk/home-lock.ts";
import { DockerExecutor } from "./adapters/docker/docker-executor.ts";
import { DummyExecutor } from "./adapters/dummy/dummy-executor.ts";
import { AgentHttp } from "./adapters/farm/farm-http.ts";
import { LiveCredentials } from "./adapters/farm/live-credentials.ts";
import { GrpcCoordinator } from "./adapters/grpc/grpc-coordinator.ts";
import { findCompilerCache, findContainerEngine, onPath } from "./adapters/host/compiler-cache.ts";
import { HostExecutor } from "./adapters/host/host-executor.ts";
import type { BuildSurroundings } from "./adapters/host/job-context.ts";
import type { IndexAccess } from "./adapters/host/run-index.ts";
import { PipTool } from "./adapters/host/pip-tool.ts";
import { BlobCache } from "./adapters/http/blob-cache.ts";
import { HttpBlobClient } from "./adapters/http/http-blob-client.ts";
import { RunReaders } from "./adapters/http/run-readers.ts";
import { readInventory } from "./adapters/inventory/read-inventory.ts";
import { joinAtStart } from "./adapters/join/join-at-start.ts";
import { NatsControlPlane } from "./adapters/nats/nats-control-plane.ts";
import { openSpool } from "./adapters/spool/disk-spool.ts";
import { systemClock } from "./adapters/system/system-clock.ts";
import { AGENT_VERSION } from "./agent-version.ts";
import type { AgentConfig } from "./config.ts";
import { SecretBook } from "./domain/redaction/secret-book.ts";
import type { BlobClient } from "./ports/blob-client.ts";
import type { Clock } from "./ports/clock.ts";
import type { ControlPlane } from "./ports/control-plane.ts";
import type { Coordinator, Registration } from "./ports/coordinator.ts";
import type { Executor } from "./ports/executor.ts";
import type { HealthReporter } from "./ports/health.ts";
import type { Inventory } from "./ports/inventory.ts";
import type { Log } from "./ports/log.ts";
import type { SecretSource } from "./ports/secret-source.ts";
import type { Spool } from "./ports/spool.ts";
import { credentialSecrets, indexSecrets } from "./read-secrets.ts";
import { Attempts } from "./services/attempts.ts";
import { FetchedSecrets } from "./services/fetched-secrets.ts";
import { Heartbeat } from "./services/heartbeat.ts";
import { Intake } from "./services/intake.ts";
import { MachineWatch } from "./services/machine-watch.ts";
import { recover } from "./services/recovery.ts";
import type { RenewalTrouble } from "./services/renewal.ts";
import { Registrar } from "./services/registrar.ts";
import { SelfUpdate } from "./services/self-update.ts";
import { ResultsStream } from "./services/results-stream.ts";
import { wireMachine } from "./wire-machine.ts";
import { wireMembership, type AgentEnd, type OnFarm } from "./wire-membership.ts";

/** Attempts that may be in the spool: more are not taken. */
const ATTEMPTS_MAX = 20_000;
/** What jobs on the host get of the machine's memory together. */
const MEMORY_SHARE = 0.9;
/** How long an agent that stops goes on sending what is in its spool. */
const FLUSH_MS = 5_000;
const FLUSH_POLL_MS = 10;

/** What a test or a benchmark may put in place of the real thing. */
export interface AgentDeps {
  readonly log?: Log;
  /** Instead of looking at this machine. */
  readonly inventory?: Inventory;
  /** Where programs of this machine are looked for; this process's environment by default. */
  readonly machineEnv?: NodeJS.ProcessEnv;
  /** Instead of the one that the configuration names. */
  readonly executor?: Executor;
  /** What the dummy executor's `die` does; by default this process ends as if killed. */
  readonly die?: () => void;
  readonly random?: () => number;
  /** Put around the real ones, to see and to disturb what passes. */
  readonly wrapExecutor?: (executor: Executor) => Executor;
  readonly wrapCoordinator?: (coordinator: Coordinator) => Coordinator;
}

export interface AgentHandle extends AsyncDisposable {
  readonly agentId: string;
  /** Resolves with the first registration. */
  readonly registered: Promise<void>;
  /** Resolves when the agent has to end: its jobs are to be stopped by disposing it. */
  readonly ended: Promise<AgentEnd>;
  /** Looks at the machine and its health again, and reports what is new. */
  lookAgain(): void;
  /** Numbers of this moment. */
  stats(): AgentStats;
}

export interface AgentStats {
  readonly running: number;
  readonly waiting: number;
  /** Attempts in the spool. */
  readonly spooled: number;
  readonly unacknowledgedBytes: number;
  readonly isStreamOpen: boolean;
  /** null: the credentials are renewed in time. */
  readonly renewal: RenewalTrouble | null;
}

/**
 * Starts an agent in this process. Resolves when it has taken over its home and
 * recovered what was there; it then registers by itself, as soon as the
 * coordinator answers. Disposing it stops its jobs, reports them as lost so that
 * they are tried again, sends what can be sent within five seconds, and leaves
 * the rest in the spool. Throws when the home is in use or cannot be used, and
 * a JoinError when this machine is no agent of a farm and cannot become one.
 */
export async function startAgent(config: AgentConfig, deps: AgentDeps = {}): Promise<AgentHandle> {
  const log = deps.log ?? pino({ level: config.logLevel }, pino.destination({ fd: 2, sync: false }));
  const basics = { log, clock: systemClock, random: deps.random ?? Math.random };
  await using resources = new AsyncDisposableStack();

  // 1. The home: one process at a time.
  mkdirSync(config.folder, { recursive: true, mode: 0o700 });
  const locked = lockHome(config.folder);
  if (!locked.ok) {
    throw new Error(`another agent (process ${locked.pid}) lives in ${config.folder}: stop it, or set KILN_AGENT_DIR`);
  }
  resources.use(locked.lock);

  // 2. Who it is on which farm.
  const folder = new CredentialFolder(config.folder);
  const credentials = new LiveCredentials(await joinAtStart(config, folder, { env: process.env, ...basics }));
  const ids = { agentId: credentials.current().agentId, sessionId: randomUUID() };
  const secrets = [...config.secrets, ...indexSecrets(process.env), ...credentialSecrets(credentials.current())];
  const common: Common = { ...basics, secrets: new SecretBook(secrets) };
  const http = resources.use(new AgentHttp(credentials));

  // 3. What is kept on disk, what this machine has, and how jobs run on it.
  const { spool, left } = openSpool(join(config.folder, "spool"), config.spoolBytesMax, log);
  resources.use(spool);
  const machineEnv = deps.machineEnv ?? process.env;
  const readMachine = async () => deps.inventory ?? (await readInventory(config.folder, machineEnv));
  const watch = new MachineWatch(await readMachine(), readMachine, log);
  const coordinator = resources.use(new GrpcCoordinator(credentials, ids));
  const jobSecrets = new FetchedSecrets({ coordinator, ...common }, ids);
  const farm = { ...ids, http, credentials, folder };
  const cache = new BlobCache(join(config.folder, "blobs"), config.blobCacheBytesMax);
  const blobs = new HttpBlobClient(http, { cache, ...common });
  const executor = makeExecutor(config, deps, { ...farm, jobSecrets }, watch, blobs, common);
  await recover(left, { executor, ...common });
  if (executor instanceof DockerExecutor) {
    const images = await executor.readPythons();
    watch.amend((seen) => withPythons(seen, images));
  }
  const { pythons, olderPythons, problems } = watch.current;
  log.info(
    { pythons: pythons.map(({ path, version }) => `${version} ${path}`), olderPythons, problems },
    "looked at this machine",
  );

  // 4. The lines to the coordinator, and the services between them and the spool.
  const controlPlane = resources.use(new NatsControlPlane({ credentials, ...ids }, common));
  const ends = {
    spool,
    watch,
    machineEnv,
    executor: deps.wrapExecutor?.(executor) ?? executor,
    coordinator: deps.wrapCoordinator?.(coordinator) ?? coordinator,
    reporter: coordinator,
    controlPlane,
    blobs,
    hadBefore: left.length,
  };
  const services = wire(config, farm, ends, common);

  // 5. Go.
  controlPlane.start(services.intake);
  services.membership.renewal.start();
  services.registrar.request();
  return handle(ids.agentId, { ...services, spool, controlPlane }, resources.move());
}

interface Common {
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
  readonly secrets: SecretBook;
}

function makeExecutor(
  config: AgentConfig,
  deps: AgentDeps,
  { agentId, http, credentials, jobSecrets }: OnFarm & { readonly jobSecrets: SecretSource },
  watch: MachineWatch,
  blobs: BlobClient,
  common: Common,
): Executor {
  if (deps.executor) return deps.executor;
  const { log, clock, secrets } = common;
  const readers = new RunReaders(http, secrets, common);
  const { authorityPem, farm } = credentials.current();
  // Not the one among the credentials: those are replaced while jobs and containers have this open.
  const authorityFile = join(config.folder, "farm-ca.pem");
  writeDurably(authorityFile, authorityPem, 0o644);
  const indexes: IndexAccess = {
    coordinatorHttp: farm.httpUrl,
    authorityFile,
    reader: (run, signal) => readers.of(run, signal),
    get: (path, signal) => http.fetch(path, { signal, headers: { accept: "application/json, */*" } }),
  };
  const workFolder = join(config.folder, "work");
  const build = surroundings(config, watch.current);
  if (config.executor === "dummy") {
    const die = deps.die ?? (() => void process.kill(process.pid, "SIGKILL"));
    return new DummyExecutor({ blobs, clock, workFolder, die });
  }
  if (config.docker) {
    const stateFolder = join(config.folder, "containers");
    const parts = { agentId, workFolder, stateFolder, blobs, indexes, build, jobSecrets, env: process.env, ...common };
    return new DockerExecutor(config.docker, parts);
  }
  const toolsFolder = join(config.folder, "tools");
  const pip = new PipTool(toolsFolder);
  const hasNcu = onPath(process.env, "ncu") !== null;
  const parts = { agentId, workFolder, toolsFolder, blobs, indexes, build, jobSecrets, pip, hasNcu, log };
  return new HostExecutor(() => watch.current.pythons, parts);
}

/** What builds find: in containers the limits of one, on the host a part of the memory for each slot. */
function surroundings(
  config: AgentConfig,
  { cudaToolkits: toolkits, memoryBytes, cpuCores }: Inventory,
): BuildSurroundings {
  const { wheelBytesMax } = config;
  if (config.docker) {
    const { cpus: cores, memoryBytes: containerBytes } = config.docker.limits;
    const share = { cores, memoryBytes: containerBytes };
    return { toolkits, share, compilerCache: null, containerEngine: null, wheelBytesMax };
  }
  const share = { cores: cpuCores, memoryBytes: (memoryBytes * MEMORY_SHARE) / config.slots };
  const folder = join(config.folder, "compiler-cache");
  const compilerCache = findCompilerCache(process.env, folder, config.compilerCacheBytesMax);
  return { toolkits, share, compilerCache, containerEngine: findContainerEngine(process.env), wheelBytesMax };
}

/** Jobs in containers use the interpreters of their images, not the machine's. */
function withPythons(machine: Inventory, images: Pick<Inventory, "pythons" | "problems">): Inventory {
  const { pythons, problems } = images;
  return { ...machine, pythons, olderPythons: 0, problems: [...machine.problems, ...problems] };
}

interface Ends {
  readonly spool: Spool;
  readonly watch: MachineWatch;
  readonly machineEnv: NodeJS.ProcessEnv;
  readonly executor: Executor;
  readonly coordinator: Coordinator;
  readonly reporter: HealthReporter;
  readonly controlPlane: ControlPlane;
  readonly blobs: BlobClient;
  /** Attempts that an earlier process of this agent left in the spool. */
  readonly hadBefore: number;
}

function wire(config: AgentConfig, farm: OnFarm, ends: Ends, common: Common) {
  const { spool, watch, coordinator, controlPlane, hadBefore } = ends;
  const { credentials, agentId, sessionId } = farm;
  const ids = { agentId, sessionId };
  const { health, executor, readings } = wireMachine(config, { ...ends, agentId }, common);
  const isEphemeral = config.isEphemeral || credentials.current().role === "ephemeral";
  const { promise: registered, resolve: markRegistered } = Promise.withResolvers<void>();
  const membership = wireMembership(farm, common, () => stream.reopen());
  /** An ephemeral agent has had its job, down to the last acknowledgement. */
  const leaveIfDone = (): void => {
    if (attempts.isSpent && spool.size === 0) void membership.leave();
  };
  const stream = new ResultsStream({ spool, coordinator, ...common }, ids, {
    acknowledged: (attempt) => {
      attempts.acknowledged(attempt);
      leaveIfDone();
    },
    refused: (ref, reason) => {
      attempts.refused(ref, reason);
      leaveIfDone();
    },
    registrationNeeded: () => registrar.request(),
  });
  const takenMax = isEphemeral ? Math.max(0, 1 - hadBefore) : null;
  const slots = isEphemeral ? 1 : config.slots;
  const limits = { slots, attemptsMax: ATTEMPTS_MAX, takenMax };
  const attempts = new Attempts({ spool, executor, ...common }, limits, (attempt) => stream.appended(attempt));
  const heartbeat = new Heartbeat({ controlPlane, spool, clock: common.clock, readings });
  const versions = config.service ? new VersionsFolder(config.folder) : null;
  const registration = (): Registration => ({
    ...ids,
    name: config.name,
    version: AGENT_VERSION,
    slots,
    executor: executor.name,
    kinds: executor.kinds,
    inventory: watch.current,
    // The farm's operator, who made the token, has the last word.
    labels: { ...config.labels, ...credentials.current().labels },
    isEphemeral,
    service: config.service && versions ? { ...config.service, failed: versions.read().failed } : null,
  });
  watch.changed(() => registrar.request());
  const registrar = new Registrar({ coordinator, ...common }, registration, {
    registered: (terms) => {
      heartbeat.start(terms.heartbeatIntervalMs);
      stream.open(terms.windowBytes);
      if (!attempts.isSpent) controlPlane.takeAssignments();
      health.start();
      markRegistered();
    },
    refused: membership.shutOut,
  });
  const { restart } = membership;
  const update = versions && selfUpdate(config, versions, ends, { attempts, restart, ...common });
  const intake = new Intake(
    { attempts, registrar, heartbeat, update, log: common.log },
    {
      leave: (reason) => (attempts.isSpent ? leaveIfDone() : membership.shutOut(reason)),
      checkHealth: () => health.ask(),
    },
  );
  return { registered, membership, update, stream, attempts, heartbeat, registrar, intake, health };
}

function selfUpdate(
  { service }: AgentConfig,
  versions: VersionsFolder,
  { blobs, controlPlane }: Ends,
  { attempts, restart, log }: { readonly attempts: Attempts; readonly restart: () => void; readonly log: Log },
): SelfUpdate {
  const parts = {
    versions,
    blobs,
    isIdle: () => attempts.running + attempts.waiting === 0,
    stopAssignments: () => controlPlane.stopAssignments(),
    takeAssignments: () => controlPlane.takeAssignments(),
    restart,
    log,
  };
  return new SelfUpdate(parts, service?.bundleSha256 ?? "");
}

function handle(
  agentId: string,
  parts: ReturnType<typeof wire> & { readonly spool: Spool; readonly controlPlane: ControlPlane },
  resources: AsyncDisposable,
): AgentHandle {
  const { registered, membership, update, stream, attempts, heartbeat, registrar, health, spool, controlPlane } = parts;
  const { renewal, ended } = membership;
  let stopped: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    update?.stop();
    controlPlane.stopAssignments();
    health.stop();
    await attempts.stopAll({ kind: "agent-stopping" });
    const deadlineMs = Date.now() + FLUSH_MS;
    // Only what can be sent is worth waiting for.
    while (spool.size > 0 && stream.isOpen && Date.now() < deadlineMs) await delay(FLUSH_POLL_MS);
    registrar.stop();
    renewal.stop();
    heartbeat.stop();
    stream.stop();
    await resources[Symbol.asyncDispose]();
  };
  return {
    agentId,
    registered,
    ended,
    lookAgain: () => health.ask(),
    stats: () => ({
      running: attempts.running,
      waiting: attempts.waiting,
      spooled: spool.size,
      unacknowledgedBytes: spool.unacknowledgedBytes,
      isStreamOpen: stream.isOpen,
      renewal: renewal.trouble,
    }),
    [Symbol.asyncDispose]: () => (stopped ??= stop()),
  };
}
