import { create } from "@bufbuild/protobuf";
import { jetstream } from "@nats-io/jetstream";
import { connect, jwtAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { natsCoordinator, natsTls } from "@kiln/identity";
import { agent as wire, job as jobWire, SUBJECTS } from "@kiln/proto";
import { startNatsServer, temporaryFolder, type NatsServer } from "@kiln/testkit";
import type { AgentConfig } from "../config.ts";
import type { Inventory } from "../ports/inventory.ts";
import { startAgent, type AgentDeps, type AgentHandle } from "../start-agent.ts";
import { FakeCoordinator } from "./fake-coordinator.ts";
import { FakeHttps } from "./fake-https.ts";
import { FakeIdentity } from "./fake-identity.ts";
import { prepareJetStream } from "./prepare-jetstream.ts";
import { quietLog } from "./quiet-log.ts";

/** A machine without Pythons, which the dummy executor does not need. */
const BARE_MACHINE: Inventory = {
  os: "linux",
  arch: "x86_64",
  osTitle: "",
  libc: "",
  kernel: "",
  cpuModel: "",
  cpuCores: 1,
  memoryBytes: 1,
  diskFreeBytes: 1,
  pythons: [],
  olderPythons: 0,
  osRelease: "debian-12",
  gpus: [],
  cudaToolkits: [],
  hostId: "host",
  problems: [],
};

/** Everything that an agent needs around it: a real nats-server, and a fake coordinator on real protocols. */
export class FakeFarm implements AsyncDisposable {
  readonly coordinator: FakeCoordinator;
  readonly https: FakeHttps;
  readonly identity: FakeIdentity;
  readonly heartbeats: wire.Heartbeat[] = [];
  readonly #stack: AsyncDisposableStack;
  /** Of the farm and of its agents. */
  readonly folder: string;
  #nats: NatsServer | null = null;
  #connection: NatsConnection | null = null;

  private constructor(stack: AsyncDisposableStack, folder: string, identity: FakeIdentity) {
    this.#stack = stack;
    this.folder = folder;
    this.identity = identity;
    this.coordinator = stack.use(new FakeCoordinator(identity));
    const addresses = () => ({ grpcAddress: this.coordinator.address, natsUrl: this.#nats?.url ?? "" });
    this.https = stack.use(new FakeHttps(identity, this.coordinator.board, addresses));
  }

  static async start(): Promise<FakeFarm> {
    const stack = new AsyncDisposableStack();
    const folder = stack.use(temporaryFolder("kiln-fake-farm-")).path;
    const farm = new FakeFarm(stack, folder, await FakeIdentity.make(folder));
    await farm.coordinator.start();
    await farm.https.start();
    await farm.startNats();
    return farm;
  }

  get config(): AgentConfig {
    return {
      folder: `${this.folder}/agent`,
      join: { url: this.https.url, token: this.identity.token, moved: null },
      labels: {},
      isEphemeral: false,
      name: "test agent",
      slots: 4,
      executor: "dummy",
      docker: null,
      service: null,
      logLevel: "silent",
      spoolBytesMax: 1e9,
      blobCacheBytesMax: 1e9,
      secrets: [],
      wheelBytesMax: 1e9,
      compilerCacheBytesMax: 0,
      healthIntervalMs: 600_000,
      healthPython: null,
    };
  }

  /** The environment of an agent process with this configuration. */
  get env(): Record<string, string> {
    const { folder, name, slots, executor } = this.config;
    return {
      KILN_AGENT_DIR: folder,
      KILN_FARM_URL: this.https.url,
      KILN_JOIN_TOKEN: this.identity.token,
      KILN_AGENT_NAME: name,
      KILN_SLOTS: String(slots),
      KILN_EXECUTOR: executor,
      KILN_LOG_LEVEL: "warn",
    };
  }

  startAgent(changes: Partial<AgentConfig> = {}, deps: AgentDeps = {}): Promise<AgentHandle> {
    const machine = deps.machineEnv ? {} : { inventory: BARE_MACHINE };
    return startAgent({ ...this.config, ...changes }, { log: quietLog, ...machine, ...deps });
  }

  /** Starts the server, or starts it again where it was. */
  async startNats(): Promise<void> {
    const { identity } = this.identity;
    this.#nats = await startNatsServer({
      dir: this.folder,
      identity,
      ...(this.#nats ? { port: this.#nats.port } : {}),
    });
    await this.#connection?.close();
    const { url } = this.#nats;
    const { jwt, seed } = await natsCoordinator(identity.nats);
    const connection = await connect({
      servers: url,
      tls: natsTls(identity.authority.certificatePem, url),
      authenticator: jwtAuthenticator(jwt, new TextEncoder().encode(seed)),
    });
    this.#connection = connection;
    connection.subscribe(SUBJECTS.heartbeat.all, {
      callback: (_, { data }) => {
        this.heartbeats.push(SUBJECTS.heartbeat.decode(data));
        this.coordinator.board.changed();
      },
    });
  }

  async killNats(): Promise<void> {
    await this.#nats?.kill();
  }

  /** Makes the stream and the consumer of an agent. */
  async prepare(agentId: string): Promise<void> {
    await prepareJetStream(this.#connected(), agentId);
  }

  /** Publishes a job for the dummy executor: a test with an import check, or a build. */
  async assign(
    agentId: string,
    job: number,
    told: string,
    kind: "test" | "build" = "test",
    { gpus = [], timeoutMs = 600_000 }: { readonly gpus?: readonly string[]; readonly timeoutMs?: number } = {},
  ): Promise<string> {
    const blob = { sha256: "0".repeat(64), sizeBytes: 1n, filename: "pkg-1.0-py3-none-any.whl" };
    const candidate = { name: "pkg", version: "1.0" };
    const work =
      kind === "build"
        ? ({ case: "build", value: create(jobWire.BuildWorkSchema, { source: blob, candidate }) } as const)
        : ({
            case: "test",
            value: create(jobWire.TestWorkSchema, {
              wheel: blob,
              candidate,
              check: { case: "importCheck", value: {} },
            }),
          } as const);
    const message = create(jobWire.AssignmentSchema, {
      attempt: { run: 1, job, attempt: 1 },
      leaseTtlMs: 15_000,
      job: {
        name: `job-${job}`,
        python: "3.12",
        env: { KILN_DUMMY: told },
        limits: { timeoutMs, logBytesMax: 1_000_000_000n },
        work,
        ...(gpus.length > 0 ? { devices: { gpus: [...gpus] } } : {}),
      },
    });
    const { assignments } = SUBJECTS;
    await jetstream(this.#connected()).publish(assignments.of(agentId), assignments.encode(message));
    return `1.${job}.1`;
  }

  control(agentId: string, command: wire.Control["command"]): void {
    const message = create(wire.ControlSchema, { command });
    this.#connected().publish(SUBJECTS.control.of(agentId), SUBJECTS.control.encode(message));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection?.close();
    await this.#nats?.kill();
    await this.#stack.disposeAsync();
  }

  #connected(): NatsConnection {
    if (!this.#connection) throw new Error("it has not started");
    return this.#connection;
  }
}
