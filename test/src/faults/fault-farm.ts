import { once } from "node:events";
import {
  cpSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import type { ChildProcess } from "node:child_process";
import { credsAuthenticator, type NodeConnectionOptions } from "@nats-io/transport-node";
import {
  makeToken,
  natsCoordinator,
  natsCreds,
  natsServerSecurity,
  natsTls,
  openFarmIdentity,
  type FarmIdentity,
} from "@kiln/identity";
import type { NewJoinToken } from "@kiln/proto";
import { findNatsServer, temporaryFolder } from "@kiln/testkit";
import { FarmApi } from "../farm/farm-api.ts";
import { Network, processesIn, type Namespace } from "./namespaces.ts";
import { SmallDisk, unmountLeftBehind } from "./small-disk.ts";
import { spawnInside } from "./spawn-inside.ts";
import { WireProxy } from "./wire-proxy.ts";

const PORTS = { http: 8270, grpc: 8271, nats: 8272 } as const;
export const LEASE_TTL_MS = 1_200;
const HEARTBEAT_MS = 120;
const LOG_LINES_SHOWN = 15;
/** Of a part that ends before it is ready. */
const STARTS_MAX = 20;

export const AGENTS = ["a1", "a2"] as const;
export type AgentName = (typeof AGENTS)[number];
export type PartName = AgentName | "coordinator" | "nats";

const coordinatorMain = fileURLToPath(import.meta.resolve("@kiln/coordinator").replace("index.ts", "main.ts"));
const agentMain = fileURLToPath(new URL("agent-main.ts", import.meta.url));
const clockShift = new URL("clock-shift.ts", import.meta.url).href;

/** A process of the farm has ended that was to go on. */
export class DiedError extends Error {}

/**
 * A farm in three network namespaces: nats-server and coordinator in one, an
 * agent in each of two others, each part on a disk of its own. `a1` reaches the
 * farm through a wire that tests can disturb, `a2` directly. Needs root.
 */
export class FaultFarm implements AsyncDisposable {
  readonly dir: string;
  readonly identity: FarmIdentity;
  readonly token: string;
  readonly farm: Namespace;
  readonly machines: Readonly<Record<AgentName, Namespace>>;
  readonly disks: Readonly<Record<AgentName | "coordinator", SmallDisk>>;
  readonly wire: WireProxy;
  readonly #stack: AsyncDisposableStack;
  readonly #seed: number;
  #joinToken = "";
  readonly #slots: number;
  readonly #parts = new Map<PartName, ChildProcess>();
  /** Those that were ended from here. */
  readonly #ended = new WeakSet<ChildProcess>();
  /** Agents that have not been ready since they were started. */
  readonly #launching = new WeakSet<ChildProcess>();

  private constructor(
    given: Pick<FaultFarm, "dir" | "identity" | "farm" | "machines" | "disks" | "wire">,
    stack: AsyncDisposableStack,
    options: FaultFarmOptions,
  ) {
    this.dir = given.dir;
    this.identity = given.identity;
    this.token = makeToken("api", given.identity.fingerprint);
    this.farm = given.farm;
    this.machines = given.machines;
    this.disks = given.disks;
    this.wire = given.wire;
    this.#stack = stack;
    this.#seed = options.seed;
    this.#slots = options.slots;
  }

  static async start(options: FaultFarmOptions): Promise<FaultFarm> {
    await using stack = new AsyncDisposableStack();
    unmountLeftBehind();
    const dir = stack.use(temporaryFolder("kiln-faults-")).path;
    const network = stack.use(new Network());
    const farm = network.namespace("farm", 1);
    const machines = { a1: network.namespace("a1", 2), a2: network.namespace("a2", 3) };
    const disk = (name: string): SmallDisk => stack.use(new SmallDisk(join(dir, name)));
    const disks = { coordinator: disk("coordinator"), a1: disk("a1"), a2: disk("a2") };
    mkdirSync(join(dir, "logs"));
    const wire = stack.use(await WireProxy.start(farm, machines.a1, Object.values(PORTS)));
    const identity = await openFarmIdentity(join(dir, "identity"), { nowMs: Date.now(), names: [farm.address] });
    // For the requests of the test itself.
    setDefaultCACertificates([...getCACertificates("default"), identity.authority.certificatePem]);
    const made = new FaultFarm({ dir, identity, farm, machines, disks, wire }, stack.move(), options);
    try {
      await made.startPart("nats");
      await made.startPart("coordinator");
      await made.#makeJoinToken();
      await Promise.all(AGENTS.map((name) => made.startPart(name)));
    } catch (cause) {
      await made[Symbol.asyncDispose]();
      throw cause;
    }
    return made;
  }

  get httpUrl(): string {
    return `https://${this.farm.address}:${PORTS.http}`;
  }

  get api(): FarmApi {
    return new FarmApi(this.httpUrl, this.token);
  }

  get natsUrl(): string {
    return `nats://${this.farm.address}:${PORTS.nats}`;
  }

  get grpcAddress(): string {
    return `${this.farm.address}:${PORTS.grpc}`;
  }

  /** For a client that may do what the coordinator may. */
  async natsOptions(): Promise<NodeConnectionOptions> {
    const { jwt, seed } = await natsCoordinator(this.identity.nats);
    return {
      servers: this.natsUrl,
      tls: natsTls(this.identity.authority.certificatePem, this.natsUrl),
      authenticator: credsAuthenticator(new TextEncoder().encode(natsCreds(jwt, seed))),
    };
  }

  get coordinatorDir(): string {
    return join(this.disks.coordinator.path, "home");
  }

  agentDir(name: AgentName): string {
    return join(this.disks[name].path, "home");
  }

  agentJournal(name: AgentName): string {
    return join(this.dir, "logs", `${name}.journal`);
  }

  #clockFile(name: PartName): string {
    return join(this.dir, "logs", `${name}.clock`);
  }

  logFile(name: PartName): string {
    return join(this.dir, "logs", `${name}.log`);
  }

  /** Throws when it does not run. */
  signal(name: PartName, signal: NodeJS.Signals): void {
    const child = this.#parts.get(name);
    if (!child || !isAlive(child)) throw new Error(`${name} does not run`);
    child.kill(signal);
  }

  /** Moves its wall clock to so much from the real time. Throws when it does not run. */
  setClock(name: AgentName | "coordinator", byMs: number): void {
    const file = this.#clockFile(name);
    writeFileSync(file, String(byMs));
    const reader = existsSync(`${file}.reader`) ? Number(readFileSync(`${file}.reader`, "utf8")) : 0;
    // One that has not come so far reads the file anyway.
    if (reader === this.#parts.get(name)?.pid) this.signal(name, "SIGUSR2");
  }

  get parts(): PartName[] {
    return [...this.#parts.keys()];
  }

  /** Throws DiedError when a part is gone that nobody has ended. */
  assertNothingDied(): void {
    for (const [name, child] of this.#parts) {
      if (isAlive(child) || this.#ended.has(child) || this.#launching.has(child)) continue;
      throw new DiedError(`${name} ended by itself`);
    }
  }

  /** Attempts in the agent's spool: files that are empty are kept for later ones. */
  spooled(name: AgentName): number {
    const folder = join(this.agentDir(name), "spool");
    return readdirSync(folder).filter(
      (file) => (statSync(join(folder, file), { throwIfNoEntry: false })?.size ?? 0) > 0,
    ).length;
  }

  /** The ends of all logs, for whoever has to find out what went wrong. */
  lastLogLines(): string {
    return this.parts
      .map(
        (name) =>
          `--- ${name}\n${readFileSync(this.logFile(name), "utf8").split("\n").slice(-LOG_LINES_SHOWN).join("\n")}`,
      )
      .join("\n");
  }

  /** Resolves when it is gone; its exit code, or null when a signal ended it. */
  async end(name: PartName, signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#parts.get(name);
    if (!child || !isAlive(child)) return child?.exitCode ?? null;
    this.#ended.add(child);
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
    return child.exitCode;
  }

  /** Starts a part where it was; resolves when it is ready. A part that ends before is started again, for a while. */
  async startPart(name: PartName): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const ended = await this.#startOnce(name);
      if (ended === null) return;
      if (tries === STARTS_MAX) throw new Error(`${name} ended ${tries} times before it was ready: ${ended}`);
    }
  }

  /**
   * Starts an agent where it was, and does not wait: it comes back when the farm
   * lets it. One that finds its disk full at its start ends, and is started
   * again as its service would be; one that ends of anything else has died.
   */
  launchAgent(name: AgentName): void {
    void this.#launch(name);
  }

  async #launch(name: AgentName): Promise<void> {
    for (let tries = 1; tries <= STARTS_MAX; tries += 1) {
      const logged = statSync(this.logFile(name)).size;
      const starting = this.#startOnce(name);
      const child = this.#parts.get(name);
      if (!child) return;
      this.#launching.add(child);
      const ended = await starting;
      const hadNoRoom = readFileSync(this.logFile(name)).subarray(logged).includes("ENOSPC");
      if (ended !== null && !this.#ended.has(child) && hadNoRoom) continue;
      this.#launching.delete(child);
      return;
    }
  }

  /** What JetStream has stored is gone, as with a new disk. Only while nats-server is not running. */
  loseNatsStore(): void {
    rmSync(join(this.dir, "jetstream"), { recursive: true, force: true });
  }

  /** Processes that are left in the farm's namespaces, beside the wire. */
  processesLeft(): number[] {
    return [this.farm, ...Object.values(this.machines)]
      .flatMap(({ name }) => processesIn(name))
      .filter((pid) => pid !== this.wire.pid);
  }

  /** Copies all of it to the folder that KILN_FAULTS_KEEP names, for whoever wants to look. */
  keep(): void {
    const folder = process.env["KILN_FAULTS_KEEP"];
    if (folder) cpSync(this.dir, folder, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#parts.keys()) await this.end(name, "SIGKILL");
    await this.#stack.disposeAsync();
  }

  /** Null when it is ready, or why it ended. */
  async #startOnce(name: PartName): Promise<string | null> {
    const child = name === "nats" ? this.#spawnNats() : this.#spawnNode(name);
    this.#parts.set(name, child);
    const output = name === "nats" ? child.stderr : child.stdout;
    if (!output || !child.stderr) throw new Error("the output is not piped");
    const log = createWriteStream(this.logFile(name), { flags: "a" });
    child.stderr.pipe(log);
    // Then all that it said is in the log, too.
    const exited = Promise.all([once(child, "exit"), once(log, "close")]).then(
      ([[code, signal]]) => `exit status ${code ?? signal}, see ${this.logFile(name)}`,
    );
    const ready = Promise.withResolvers<null>();
    createInterface({ input: output }).on("line", (line) => {
      if (name !== "nats" || line.includes("Server is ready")) ready.resolve(null);
    });
    return Promise.race([ready.promise, exited]);
  }

  /** For all agents of the farm; they join at their first start. */
  async #makeJoinToken(): Promise<void> {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ uses: AGENTS.length });
    const made = await this.api.fetch("/api/v1/join-tokens", { method: "POST", headers, body });
    this.#joinToken = ((await made.json()) as NewJoinToken).token;
  }

  #spawnNats(): ChildProcess {
    const config = join(this.dir, "nats.conf");
    const text = [
      `listen: "${this.farm.address}:${PORTS.nats}"`,
      natsServerSecurity(this.identity, { resolverFolder: join(this.dir, "accounts") }),
      `jetstream { store_dir: "${join(this.dir, "jetstream")}" }`,
    ];
    writeFileSync(config, text.join("\n"), { mode: 0o600 });
    return spawnInside(this.farm, findNatsServer(), ["--config", config], { stdio: ["ignore", "ignore", "pipe"] });
  }

  #spawnNode(name: AgentName | "coordinator"): ChildProcess {
    const args = ["--max-semi-space-size=4", "--import", clockShift];
    const env = { ...process.env, KILN_EXIT_WITH_PARENT: "1", KILN_TEST_CLOCK: this.#clockFile(name) };
    const stdio = ["pipe", "pipe", "pipe"] as const;
    return name === "coordinator"
      ? spawnInside(this.farm, process.execPath, [...args, coordinatorMain], {
          env: { ...env, ...this.#coordinatorEnvironment() },
          stdio: [...stdio],
        })
      : spawnInside(this.machines[name], process.execPath, [...args, agentMain], {
          env: { ...env, ...this.#agentEnvironment(name) },
          stdio: [...stdio],
        });
  }

  #coordinatorEnvironment(): Record<string, string> {
    const { address } = this.farm;
    return {
      KILN_COORDINATOR_DIR: this.coordinatorDir,
      KILN_HTTP_ADDRESS: `${address}:${PORTS.http}`,
      KILN_GRPC_ADDRESS: this.grpcAddress,
      KILN_NATS_URL: this.natsUrl,
      KILN_NATS_LOG: this.logFile("nats"),
      KILN_IDENTITY_DIR: this.identity.folder,
      KILN_TOKEN: this.token,
      KILN_LEASE_TTL_MS: String(LEASE_TTL_MS),
      KILN_HEARTBEAT_INTERVAL_MS: String(HEARTBEAT_MS),
      KILN_NO_AGENT_GRACE_MS: "600000",
    };
  }

  #agentEnvironment(name: AgentName): Record<string, string> {
    return {
      KILN_AGENT_DIR: this.agentDir(name),
      KILN_FARM_URL: this.httpUrl,
      KILN_JOIN_TOKEN: this.#joinToken,
      KILN_AGENT_NAME: name,
      KILN_SLOTS: String(this.#slots),
      KILN_EXECUTOR: "dummy",
      KILN_TEST_JOURNAL: this.agentJournal(name),
      // Only one of the two: the other shows that an undisturbed agent does as well beside it.
      ...(name === "a1" ? { KILN_TEST_DISTURB: String(this.#seed) } : {}),
    };
  }
}

export interface FaultFarmOptions {
  readonly seed: number;
  /** Of each agent. */
  readonly slots: number;
}

function isAlive({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}
