import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { agentIdentity } from "./adapters/disk/identity.ts";
import { lockHome } from "./adapters/disk/home-lock.ts";
import { DockerExecutor } from "./adapters/docker/docker-executor.ts";
import { DummyExecutor } from "./adapters/dummy/dummy-executor.ts";
import { GrpcCoordinator } from "./adapters/grpc/grpc-coordinator.ts";
import { findCompilerCache, findContainerEngine, onPath } from "./adapters/host/compiler-cache.ts";
import { HostExecutor } from "./adapters/host/host-executor.ts";
import type { BuildSurroundings } from "./adapters/host/job-context.ts";
import { PipTool } from "./adapters/host/pip-tool.ts";
import { BlobCache } from "./adapters/http/blob-cache.ts";
import { HttpBlobClient } from "./adapters/http/http-blob-client.ts";
import { readInventory } from "./adapters/inventory/read-inventory.ts";
import { diskFreeBytes } from "./adapters/inventory/read-machine.ts";
import { NatsControlPlane } from "./adapters/nats/nats-control-plane.ts";
import { openSpool } from "./adapters/spool/disk-spool.ts";
import { systemClock } from "./adapters/system/system-clock.ts";
import type { AgentConfig } from "./config.ts";
import { SecretBook } from "./domain/redaction/secret-book.ts";
import type { Clock } from "./ports/clock.ts";
import type { ControlPlane } from "./ports/control-plane.ts";
import type { Coordinator } from "./ports/coordinator.ts";
import type { Executor } from "./ports/executor.ts";
import type { Inventory } from "./ports/inventory.ts";
import type { Log } from "./ports/log.ts";
import type { Spool } from "./ports/spool.ts";
import { indexSecrets } from "./read-secrets.ts";
import { Attempts } from "./services/attempts.ts";
import { Heartbeat } from "./services/heartbeat.ts";
import { Intake } from "./services/intake.ts";
import { recover } from "./services/recovery.ts";
import { Registrar } from "./services/registrar.ts";
import { ResultsStream, type AgentIds } from "./services/results-stream.ts";

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
  /** Instead of the one that the configuration names. */
  readonly executor?: Executor;
  /** What the dummy executor's `die` does; by default this process ends as if killed. */
  readonly die?: () => void;
  readonly random?: () => number;
}

export interface AgentHandle extends AsyncDisposable {
  readonly agentId: string;
  /** Resolves with the first registration. */
  readonly registered: Promise<void>;
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
}

/**
 * Starts an agent in this process. Resolves when it has taken over its home and
 * recovered what was there; it then registers by itself, as soon as the
 * coordinator answers. Disposing it stops its jobs, reports them as lost so that
 * they are tried again, sends what can be sent within five seconds, and leaves
 * the rest in the spool. Throws when the home is in use or cannot be used.
 */
export async function startAgent(config: AgentConfig, deps: AgentDeps = {}): Promise<AgentHandle> {
  const log = deps.log ?? pino({ level: config.logLevel }, pino.destination({ fd: 2, sync: false }));
  const common: Common = {
    log,
    clock: systemClock,
    random: deps.random ?? Math.random,
    secrets: new SecretBook([...config.secrets, ...indexSecrets(process.env)]),
  };
  await using resources = new AsyncDisposableStack();

  // 1. The home: one process at a time.
  mkdirSync(config.folder, { recursive: true, mode: 0o700 });
  const locked = lockHome(config.folder);
  if (!locked.ok) {
    throw new Error(`another agent (process ${locked.pid}) lives in ${config.folder}: stop it, or set KILN_AGENT_DIR`);
  }
  resources.use(locked.lock);
  const ids = { agentId: agentIdentity(config.folder), sessionId: randomUUID() };

  // 2. What is kept on disk, what this machine has, and how jobs run on it.
  const { spool, left } = openSpool(join(config.folder, "spool"), config.spoolBytesMax, log);
  resources.use(spool);
  const machine = deps.inventory ?? (await readInventory(config.folder));
  const executor = makeExecutor(config, deps, ids.agentId, machine, common);
  await recover(left, { executor, ...common });
  const inventory = executor instanceof DockerExecutor ? withPythons(machine, await executor.readPythons()) : machine;
  const { pythons, olderPythons, problems } = inventory;
  log.info(
    { pythons: pythons.map(({ path, version }) => `${version} ${path}`), olderPythons, problems },
    "looked at this machine",
  );

  // 3. The lines to the coordinator, and the services between them and the spool.
  const coordinator = resources.use(new GrpcCoordinator({ address: config.coordinatorGrpc, token: config.token }));
  const controlPlane = resources.use(
    new NatsControlPlane({ url: config.natsUrl, token: config.token, ...ids }, common),
  );
  const services = wire(config, ids, { spool, inventory, executor, coordinator, controlPlane }, common);

  // 4. Go.
  controlPlane.start(services.intake);
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
  agentId: string,
  inventory: Inventory,
  common: Common,
): Executor {
  if (deps.executor) return deps.executor;
  const { log, clock } = common;
  const cache = new BlobCache(join(config.folder, "blobs"), config.blobCacheBytesMax);
  const blobs = new HttpBlobClient({ url: config.coordinatorHttp, token: config.token }, { cache, ...common });
  const indexes = { coordinatorHttp: config.coordinatorHttp, token: config.token };
  const workFolder = join(config.folder, "work");
  const build = surroundings(config, inventory);
  if (config.executor === "dummy") {
    const die = deps.die ?? (() => void process.kill(process.pid, "SIGKILL"));
    return new DummyExecutor({ blobs, clock, workFolder, die });
  }
  if (config.docker) {
    const stateFolder = join(config.folder, "containers");
    const parts = { agentId, workFolder, stateFolder, blobs, indexes, build, env: process.env, ...common };
    return new DockerExecutor(config.docker, parts);
  }
  const toolsFolder = join(config.folder, "tools");
  const pip = new PipTool(toolsFolder);
  const hasNcu = onPath(process.env, "ncu") !== null;
  const parts = { agentId, workFolder, toolsFolder, blobs, indexes, build, pip, hasNcu, log };
  return new HostExecutor(inventory.pythons, parts);
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
  readonly inventory: Inventory;
  readonly executor: Executor;
  readonly coordinator: Coordinator;
  readonly controlPlane: ControlPlane;
}

function wire(config: AgentConfig, ids: AgentIds, ends: Ends, common: Common) {
  const { spool, inventory, executor, coordinator, controlPlane } = ends;
  const { promise: registered, resolve: markRegistered } = Promise.withResolvers<void>();
  const stream = new ResultsStream({ spool, coordinator, ...common }, ids, {
    acknowledged: (attempt) => attempts.acknowledged(attempt),
    refused: (ref, reason) => attempts.refused(ref, reason),
    registrationNeeded: () => registrar.request(),
  });
  const limits = { slots: config.slots, attemptsMax: ATTEMPTS_MAX };
  const attempts = new Attempts({ spool, executor, ...common }, limits, (attempt) => stream.appended(attempt));
  const heartbeat = new Heartbeat({
    controlPlane,
    spool,
    clock: common.clock,
    diskFreeBytes: () => diskFreeBytes(config.folder),
  });
  const registration = {
    ...ids,
    name: config.name,
    version: packageVersion(),
    slots: config.slots,
    executor: executor.name,
    kinds: executor.kinds,
    inventory,
  };
  const registrar = new Registrar({ coordinator, ...common }, registration, (terms) => {
    heartbeat.start(terms.heartbeatIntervalMs);
    stream.open(terms.windowBytes);
    controlPlane.takeAssignments();
    markRegistered();
  });
  const intake = new Intake({ attempts, registrar, heartbeat, log: common.log });
  return { registered, stream, attempts, heartbeat, registrar, intake };
}

function handle(
  agentId: string,
  parts: ReturnType<typeof wire> & { readonly spool: Spool; readonly controlPlane: ControlPlane },
  resources: AsyncDisposable,
): AgentHandle {
  const { registered, stream, attempts, heartbeat, registrar, spool, controlPlane } = parts;
  let stopped: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    controlPlane.stopAssignments();
    await attempts.stopAll({ kind: "agent-stopping" });
    const deadlineMs = Date.now() + FLUSH_MS;
    // Only what can be sent is worth waiting for.
    while (spool.size > 0 && stream.isOpen && Date.now() < deadlineMs) await delay(FLUSH_POLL_MS);
    registrar.stop();
    heartbeat.stop();
    stream.stop();
    await resources[Symbol.asyncDispose]();
  };
  return {
    agentId,
    registered,
    stats: () => ({
      running: attempts.running,
      waiting: attempts.waiting,
      spooled: spool.size,
      unacknowledgedBytes: spool.unacknowledgedBytes,
      isStreamOpen: stream.isOpen,
    }),
    [Symbol.asyncDispose]: () => (stopped ??= stop()),
  };
}

/** This package's version, from its package.json. */
function packageVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { version?: unknown };
  return typeof version === "string" ? version : "0.0.0";
}
