import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import { attemptKey } from "../../domain/attempt-key.ts";
import type { Interpreter } from "../../domain/interpreter.ts";
import type { SecretBook } from "../../domain/redaction/secret-book.ts";
import type { BlobClient } from "../../ports/blob-client.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Execution, ExecutionRequest, ExecutionSink, Executor } from "../../ports/executor.ts";
import type { InventoryProblem } from "../../ports/inventory.ts";
import type { Log } from "../../ports/log.ts";
import type { SecretSource } from "../../ports/secret-source.ts";
import type { BuildSurroundings } from "../host/job-context.ts";
import { removeFolder } from "../host/job-folder.ts";
import { JobRun } from "../host/job-run.ts";
import type { IndexAccess } from "../host/run-index.ts";
import { AGENT_LABEL, ATTEMPT_LABEL } from "./container-options.ts";
import { ContainerRunner, type ContainerParts, type ContainerSettings } from "./container-runner.ts";
import { engineMessage, openEngine, readEngineFacts, statusOf, type EngineFacts } from "./engine.ts";
import { ImagePip } from "./image-pip.ts";
import { ImageRepair } from "./image-repair.ts";
import { ImageRecords } from "./image-records.ts";
import { ImageStore } from "./image-store.ts";
import { pipSettings } from "./pip-settings.ts";
import { runToEnd } from "./run-to-end.ts";

export interface DockerSettings extends ContainerSettings {
  /** Of Docker Engine, or Podman's compatible one. */
  readonly socketPath: string;
  readonly pull: "missing" | "always" | "never";
  /** Of images that this agent pulled. */
  readonly imageCacheBytesMax: number;
}

export interface DockerParts {
  readonly agentId: string;
  readonly workFolder: string;
  /** What is kept from job to job. */
  readonly stateFolder: string;
  readonly blobs: BlobClient;
  /** Where the indexes of runs are. */
  readonly indexes: IndexAccess;
  readonly build: BuildSurroundings;
  readonly jobSecrets: SecretSource;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the agent's process: pip's settings and the user's Docker configuration. */
  readonly env: NodeJS.ProcessEnv;
  readonly secrets: SecretBook;
}

/**
 * Runs jobs in containers of this machine's engine, without privileges, as the
 * agent's own user, with the limits of its settings and no network but for the
 * steps that install something.
 */
export class DockerExecutor implements Executor {
  readonly name = "docker";
  readonly kinds = ["check", "build", "scan", "test", "bench"] as const;
  readonly #settings: DockerSettings;
  readonly #parts: DockerParts;
  readonly #docker: Docker;
  readonly #records: ImageRecords;
  readonly #images: ImageStore;
  readonly #pip: ImagePip;
  readonly #repair: ImageRepair;
  #facts: Promise<EngineFacts> | null = null;

  constructor(settings: DockerSettings, parts: DockerParts) {
    this.#settings = settings;
    this.#parts = parts;
    const { stateFolder, agentId, clock, log, env, secrets } = parts;
    mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
    this.#docker = openEngine(settings.socketPath);
    this.#records = new ImageRecords(join(stateFolder, "images.json"));
    const labels = { [AGENT_LABEL]: agentId };
    const { pull, imageCacheBytesMax: bytesMax, limits } = settings;
    const options = { pull, bytesMax, env, secrets, limits, labels, user: () => this.#user() };
    this.#images = new ImageStore(this.#docker, this.#records, options, { clock, log });
    this.#pip = new ImagePip(join(stateFolder, "pips"), async (imageId, argv, folder, timeoutMs) => {
      const mounts = [{ path: folder, isReadOnly: false }];
      const plain = { cwd: "/", env: {}, mounts, network: "none", gpus: [], limits, labels };
      return runToEnd(this.#docker, { imageId, argv, ...plain, user: await this.#user() }, timeoutMs, log);
    });
    this.#repair = new ImageRepair(join(stateFolder, "repairs"), async (imageId, argv, folders, timeoutMs) => {
      const pip = folders === null ? { env: {}, mounts: [] } : pipSettings(env);
      const own = folders === null ? [] : [{ path: folders.writable, isReadOnly: false }];
      const shared = folders === null ? [] : [{ path: folders.readOnly, isReadOnly: true }];
      const spec = {
        ...{ imageId, argv, gpus: [], limits, labels, user: await this.#user() },
        cwd: "/",
        env: { ...pip.env, HOME: "/tmp", PIP_NO_INPUT: "1", PIP_DISABLE_PIP_VERSION_CHECK: "1" },
        mounts: [...own, ...shared, ...pip.mounts],
        network: folders === null ? "none" : settings.network,
      };
      return runToEnd(this.#docker, spec, timeoutMs, log);
    });
  }

  start(request: ExecutionRequest, sink: ExecutionSink): Execution {
    const { agentId, indexes, env, log } = this.#parts;
    const labels = { [AGENT_LABEL]: agentId, [ATTEMPT_LABEL]: attemptKey(request.ref) };
    const parts: ContainerParts = {
      docker: this.#docker,
      images: this.#images,
      pip: this.#pip,
      repair: this.#repair,
      settings: this.#settings,
      user: () => this.#user(),
      indexes,
      env,
      log,
    };
    const job = new JobRun(request, new ContainerRunner(request.job, labels, parts), sink, this.#parts);
    void job.perform();
    return { stop: () => job.stop() };
  }

  /** Every container with this agent's label is left over: nothing runs yet. Throws when the engine does not answer. */
  async clearLeftovers(): Promise<void> {
    const { workFolder, agentId, log } = this.#parts;
    let removed: number;
    try {
      log.info(
        { engine: (await this.#readFacts()).title, socket: this.#settings.socketPath },
        "found a container engine",
      );
      removed = await removeContainers(this.#docker, agentId);
    } catch (cause) {
      const where = this.#settings.socketPath;
      throw new Error(`the container engine at ${where} does not answer: ${engineMessage(cause)}`, { cause });
    }
    if (removed > 0) log.warn({ removed }, "containers of an earlier agent process were removed");
    await removeFolder(workFolder).catch((cause: unknown) => {
      log.warn({ err: cause }, "old working folders could not be removed");
    });
    mkdirSync(workFolder, { recursive: true, mode: 0o700 });
    await this.#pip.keepOnly(this.#records.probedIds);
    await this.#repair.keepOnly(this.#records.probedIds);
    await this.#images.keepToLimit();
  }

  /** The interpreters of the images that the settings name, which are pulled for it. Never rejects. */
  async readPythons(): Promise<{
    readonly pythons: readonly Interpreter[];
    readonly problems: readonly InventoryProblem[];
  }> {
    const { byDefault, byPolicy } = this.#settings.images;
    const names = new Set([...(byDefault === null ? [] : [byDefault]), ...Object.values(byPolicy)]);
    const pythons: Interpreter[] = [];
    const problems: InventoryProblem[] = [];
    const note = (line: string): void => this.#parts.log.info({}, line);
    for (const subject of names) {
      try {
        const result = await this.#images.prepare(subject, note, new AbortController().signal);
        if (!result.ok) {
          problems.push({ subject, message: result.message });
          continue;
        }
        pythons.push(...result.image.pythons);
        problems.push(...result.image.problems.map((message) => ({ subject, message })));
      } catch (cause) {
        problems.push({ subject, message: engineMessage(cause) });
      }
    }
    return { pythons, problems };
  }

  async #user(): Promise<string> {
    // There user 0 is the agent's own, and every other number somebody else's.
    if ((await this.#readFacts()).isRootless) return "0:0";
    return `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  }

  #readFacts(): Promise<EngineFacts> {
    if (!this.#facts) {
      this.#facts = readEngineFacts(this.#docker);
      // It may answer later.
      this.#facts.catch(() => (this.#facts = null));
    }
    return this.#facts;
  }
}

async function removeContainers(docker: Docker, agentId: string): Promise<number> {
  const filters = { label: [`${AGENT_LABEL}=${agentId}`] };
  const found = await docker.listContainers({ all: true, filters });
  for (const { Id: id } of found) {
    await docker
      .getContainer(id)
      .remove({ force: true, v: true })
      .catch((cause: unknown) => {
        // Gone, or going.
        if (statusOf(cause) !== 404 && statusOf(cause) !== 409) throw cause;
      });
  }
  return found.length;
}
