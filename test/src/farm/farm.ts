import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { fileURLToPath } from "node:url";
import { makeToken, openFarmIdentity, type FarmIdentity } from "@kiln/identity";
import { freePort, startNatsServer, temporaryFolder, type NatsServer, type TemporaryFolder } from "@kiln/testkit";
import { upstreamSettings } from "@kiln/cli";
import { FarmApi } from "./farm-api.ts";
import { startProcess, type FarmProcess } from "./child-process.ts";

export interface CoordinatorReady {
  readonly httpUrl: string;
  readonly grpcAddress: string;
}

export interface AgentReady {
  readonly agentId: string;
}

/** Paths of the scripts that Node runs. */
export interface FarmPrograms {
  readonly coordinator: string;
  readonly agent: string;
}

export interface FarmOptions {
  /** By default those of this checkout. */
  readonly programs?: FarmPrograms;
  readonly executor: "host" | "docker" | "dummy";
  readonly slots: number;
  /** Agents to start with; `a1` when absent. */
  readonly agents?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether its indexes offer what the person's own package index has, for tests that install more than the candidate. */
  readonly upstream?: boolean;
}

/** As `kiln up` finds it; asked once. */
let asked: Promise<Record<string, string>> | undefined;
function ownIndex(): Promise<Record<string, string>> {
  asked ??= upstreamSettings(process.env, (text) => {
    throw new Error(text);
  }).then((settings) => settings as Record<string, string>);
  return asked;
}

/** The programs of this checkout. */
export function checkoutPrograms(): FarmPrograms {
  const mainOf = (name: string) => fileURLToPath(import.meta.resolve(name).replace("index.ts", "main.ts"));
  return { coordinator: mainOf("@kiln/coordinator"), agent: mainOf("@kiln/agent") };
}

/** This process's own requests trust the farm, as a person who has its certificate. */
function trust(identity: FarmIdentity): void {
  setDefaultCACertificates([...getCACertificates("default"), identity.authority.certificatePem]);
}

/**
 * A whole farm on the loopback address: a real nats-server, a coordinator and
 * agents, each in its own process, that can be killed and started again in the
 * same place.
 */
export class Farm implements AsyncDisposable {
  readonly dir: string;
  readonly identity: FarmIdentity;
  /** The owner's. */
  readonly token: string;
  readonly #options: FarmOptions;
  readonly #programs: FarmPrograms;
  readonly #stack = new AsyncDisposableStack();
  readonly #agents = new Map<string, FarmProcess<AgentReady>>();
  readonly #httpPort: number;
  readonly #grpcPort: number;
  #nats: NatsServer | null = null;
  #natsPort: number | null = null;
  #coordinator: FarmProcess<CoordinatorReady> | null = null;
  #joinToken = "";

  private constructor(
    options: FarmOptions,
    parts: { readonly folder: TemporaryFolder; readonly identity: FarmIdentity },
    ports: { readonly http: number; readonly grpc: number },
  ) {
    this.#options = options;
    this.#programs = options.programs ?? checkoutPrograms();
    this.#httpPort = ports.http;
    this.#grpcPort = ports.grpc;
    this.dir = this.#stack.use(parts.folder).path;
    this.identity = parts.identity;
    this.token = makeToken("api", parts.identity.fingerprint);
    trust(parts.identity);
  }

  /** Starts all of it. */
  static async start(options: FarmOptions): Promise<Farm> {
    const folder = temporaryFolder("kiln-farm-");
    const identity = await openFarmIdentity(join(folder.path, "identity"), { nowMs: Date.now() });
    const ports = { http: await freePort(), grpc: await freePort() };
    const farm = new Farm(options, { folder, identity }, ports);
    try {
      await farm.startNats();
      await farm.startCoordinator();
      for (const name of options.agents ?? ["a1"]) await farm.startAgent(name);
    } catch (cause) {
      await farm[Symbol.asyncDispose]();
      throw cause;
    }
    return farm;
  }

  get api(): FarmApi {
    return new FarmApi(`https://127.0.0.1:${this.#httpPort}`, this.token);
  }

  get coordinator(): FarmProcess<CoordinatorReady> {
    if (!this.#coordinator) throw new Error("the coordinator is not running");
    return this.#coordinator;
  }

  get nats(): NatsServer {
    if (!this.#nats) throw new Error("nats-server is not running");
    return this.#nats;
  }

  agent(name: string): FarmProcess<AgentReady> {
    const agent = this.#agents.get(name);
    if (!agent) throw new Error(`agent ${name} is not running`);
    return agent;
  }

  async startNats(): Promise<void> {
    const dir = join(this.dir, "nats");
    mkdirSync(dir, { recursive: true });
    const port = this.#natsPort === null ? {} : { port: this.#natsPort };
    this.#nats = await startNatsServer({ dir, identity: this.identity, ...port });
    this.#natsPort = this.#nats.port;
  }

  /** `env` is on top of the farm's. */
  async startCoordinator(env: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#coordinator = await startProcess<CoordinatorReady>(this.#programs.coordinator, {
      KILN_COORDINATOR_DIR: join(this.dir, "coordinator"),
      KILN_IDENTITY_DIR: this.identity.folder,
      KILN_HTTP_ADDRESS: `127.0.0.1:${this.#httpPort}`,
      KILN_GRPC_ADDRESS: `127.0.0.1:${this.#grpcPort}`,
      KILN_NATS_URL: `nats://127.0.0.1:${this.#natsPort}`,
      KILN_TOKEN: this.token,
      ...(this.#options.upstream ? await ownIndex() : {}),
      ...this.#options.env,
      ...env,
    });
    if (this.#joinToken === "") this.#joinToken = (await this.api.makeJoinToken({ uses: 10_000 })).token;
  }

  /** `env` is this agent's own, on top of the farm's. */
  async startAgent(name: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
    const agent = await startProcess<AgentReady>(this.#programs.agent, { ...this.agentEnvironment(name), ...env });
    this.#agents.set(name, agent);
  }

  /** What an agent of this farm reads from its environment. */
  agentEnvironment(name: string): Readonly<Record<string, string>> {
    return {
      KILN_AGENT_DIR: join(this.dir, name),
      KILN_FARM_URL: `https://127.0.0.1:${this.#httpPort}`,
      KILN_JOIN_TOKEN: this.#joinToken,
      KILN_AGENT_NAME: name,
      KILN_SLOTS: String(this.#options.slots),
      KILN_EXECUTOR: this.#options.executor,
      ...this.#options.env,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const agent of this.#agents.values()) await agent.kill();
    await this.#coordinator?.kill();
    await this.#nats?.kill();
    await this.#stack.disposeAsync();
  }
}
