import { existsSync, mkdirSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import { RUNS_COMMAND } from "../../domain/classify.ts";
import { imageOf, networkOfStep, type ContainerLimits } from "../../domain/container-job.ts";
import { pickInterpreter, type Interpreter } from "../../domain/interpreter.ts";
import type { Job } from "../../domain/job.ts";
import type { StepKind } from "../../domain/job-steps.ts";
import type { Outcome } from "../../domain/outcome.ts";
import type { Log } from "../../ports/log.ts";
import type { CommandSpec, RunningCommand } from "../host/command.ts";
import type { PipSource, RepairSource, StepEnd } from "../host/job-context.ts";
import { jobEnvironment } from "../host/job-environment.ts";
import type { JobFolder } from "../host/job-folder.ts";
import { isOnLoopback, type IndexAccess } from "../host/run-index.ts";
import type { Begun, OutputHooks, Runner } from "../host/runner.ts";
import { runContainer } from "./container-command.ts";
import type { ContainerSpec, Mount } from "./container-options.ts";
import { engineMessage } from "./engine.ts";
import type { ImagePip } from "./image-pip.ts";
import type { ImageRepair, ImageTool } from "./image-repair.ts";
import type { ImageStore, ReadyImage } from "./image-store.ts";
import { certificateSettings, pipSettings, type PipSettings } from "./pip-settings.ts";

/** Of an image that sets none; an engine's own default is lost once the job's programs are put first. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface ContainerSettings {
  readonly images: { readonly byDefault: string | null; readonly byPolicy: Readonly<Record<string, string>> };
  readonly limits: ContainerLimits;
  /** The engine's network for steps that use an index, and for jobs that ask for one. */
  readonly network: string;
  /** Paths of this machine that every container may read, such as a CUDA toolkit. */
  readonly readOnlyPaths: readonly string[];
}

export interface ContainerParts {
  readonly docker: Docker;
  readonly images: ImageStore;
  readonly pip: ImagePip;
  readonly repair: ImageRepair;
  readonly settings: ContainerSettings;
  readonly user: () => Promise<string>;
  /** Where the indexes of runs are. */
  readonly indexes: IndexAccess;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
}

/**
 * Runs each command of a job in a container of its own, all of one image,
 * which is pinned when the job begins. What commands hand on to each other is in
 * the job's folder, of which each sees only what it needs; processes end with
 * their command.
 */
export class ContainerRunner implements Runner {
  readonly pip: PipSource = { prepare: (python) => this.#preparePip(python) };
  readonly repair: RepairSource = { prepare: (note) => this.#prepareRepair(note) };
  readonly #job: Job;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #parts: ContainerParts;
  #image: ReadyImage | null = null;
  #python: Interpreter | null = null;
  #user = "";
  #pipFolder: string | null = null;
  #repairFolder: string | null = null;
  #release: () => void = () => undefined;
  readonly #removals: Promise<void>[] = [];

  constructor(job: Job, labels: Readonly<Record<string, string>>, parts: ContainerParts) {
    this.#job = job;
    this.#labels = labels;
    this.#parts = parts;
  }

  get python(): Interpreter {
    if (!this.#python) throw new Error("the image is not prepared yet");
    return this.#python;
  }

  async begin(): Promise<Begun> {
    const wanted = imageOf(this.#job, this.#parts.settings.images);
    if (!wanted) {
      return refused("infrastructure", "neither the job nor this agent names an image: set KILN_DOCKER_IMAGE");
    }
    try {
      this.#user = await this.#parts.user();
      const known = await this.#parts.images.find(wanted.text);
      if (known) {
        const end = this.#take(known, wanted.isJobs);
        if (!end.ok) return { ok: false, verdict: end.verdict };
      }
    } catch (cause) {
      return refused("infrastructure", `the container engine does not answer: ${engineMessage(cause)}`);
    }
    const title = `prepare the image ${wanted.text}`;
    return {
      ok: true,
      pythonVersion: this.#python?.version ?? "",
      preparation: { title, run: (note, signal) => this.#prepare(wanted, note, signal) },
    };
  }

  environment(step: StepKind, facts: Parameters<Runner["environment"]>[1]): Record<string, string> {
    const forIndex = this.#pipSettings(step).env;
    const home = { HOME: facts.temporaryFolder, USER: "kiln", LOGNAME: "kiln" };
    const inherited = { PATH: DEFAULT_PATH, LANG: "C.UTF-8", ...this.#image?.env, ...forIndex, ...home };
    return jobEnvironment({ ...facts, inherited });
  }

  start(spec: CommandSpec, step: StepKind, folder: JobFolder, hooks: OutputHooks): RunningCommand {
    const container: ContainerSpec = {
      imageId: this.#image?.id ?? "",
      argv: spec.argv,
      cwd: spec.cwd,
      env: spec.env,
      mounts: this.#mounts(step, spec.cwd, folder),
      network: this.#network(step),
      gpus: this.#job.devices?.gpus ?? [],
      limits: this.#parts.settings.limits,
      user: this.#user,
      labels: this.#labels,
    };
    const running = runContainer(this.#parts.docker, container, hooks, this.#parts.log);
    this.#removals.push(running.removed);
    return running;
  }

  /** The source is mounted read-only and stays as it was unpacked; backends write into the tree that they build (PEP 517). */
  async buildTree(folder: JobFolder): Promise<string> {
    const tree = treeOf(folder);
    await cp(folder.source, tree, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    return tree;
  }

  async clear(): Promise<void> {
    await Promise.all(this.#removals);
    this.#release();
  }

  async #prepare(
    wanted: { readonly text: string; readonly isJobs: boolean },
    note: (text: string) => void,
    signal: AbortSignal,
  ): Promise<StepEnd> {
    if (!this.#image) {
      const result = await this.#parts.images.prepare(wanted.text, note, signal);
      if (!result.ok) {
        return failed(wanted.isJobs && result.isMissing ? "bad-spec" : "infrastructure", result.message);
      }
      const taken = this.#take(result.image, wanted.isJobs);
      if (!taken.ok) return taken;
    }
    const { reference, digest, id } = this.#image as unknown as ReadyImage;
    note(digest === null ? `${reference.text} was made here and has no digest of a registry` : `image ${digest}`);
    note(`image id ${id}`);
    return { ok: true };
  }

  #take(image: ReadyImage, isJobs: boolean): StepEnd {
    const { python: feature } = this.#job;
    const python = pickInterpreter(image.pythons, feature);
    if (!python) {
      const has = image.pythons.map((one) => one.version).join(", ") || "none that can be used";
      const why = image.problems.length > 0 ? ` (${image.problems.join("; ")})` : "";
      const message = `the image ${image.reference.text} has no CPython ${feature}; it has ${has}${why}`;
      return failed(isJobs ? "bad-spec" : "infrastructure", message);
    }
    this.#image = image;
    this.#python = python;
    this.#release = this.#parts.images.use(image.id);
    return { ok: true };
  }

  async #preparePip(python: Interpreter): Promise<string> {
    this.#pipFolder = await this.#parts.pip.prepare(this.#image?.id ?? "", python);
    return this.#pipFolder;
  }

  async #prepareRepair(note: (text: string) => void): Promise<ImageTool> {
    if (!this.#image) throw new Error("the image is not prepared yet");
    const { id, reference, pythons } = this.#image;
    const image = {
      id,
      name: reference.text,
      pythons,
      pip: (python: Interpreter) => this.#parts.pip.prepare(id, python),
    };
    const tool = await this.#parts.repair.prepare(image, note);
    this.#repairFolder = tool.folder;
    return tool;
  }

  #network(step: StepKind): string {
    const kind = networkOfStep(step, this.#job);
    if (kind === "none") return "none";
    // A coordinator on this machine's loopback address answers in this machine's network only.
    return kind === "run-index" && isOnLoopback(this.#parts.indexes) ? "host" : this.#parts.settings.network;
  }

  #pipSettings(step: StepKind): PipSettings {
    const kind = networkOfStep(step, this.#job);
    if (kind === "none") return { env: {}, mounts: [] };
    return kind === "run-index"
      ? certificateSettings(this.#parts.env, this.#parts.indexes.authorityFile)
      : pipSettings(this.#parts.env);
  }

  /** Only what the step needs; folders that the agent reads later are mounted one by one, so that none can be replaced by a link. */
  #mounts(step: StepKind, cwd: string, folder: JobFolder): readonly Mount[] {
    const { settings } = this.#parts;
    const readOnly = [folder.files, folder.source, ...settings.readOnlyPaths];
    if (this.#pipFolder !== null) readOnly.push(this.#pipFolder);
    const writable = [folder.virtualEnv, folder.temporary];
    if (step === "ask-backend" || step === "build-wheel") writable.push(treeOf(folder));
    if (step === "build-wheel" || step === "find-baseline") writable.push(folder.built);
    // A baseline that was found on the package index.
    if (step === "install-wheel") readOnly.push(folder.built);
    if (step === "rebuild-wheel") writable.push(folder.sourceAgain, folder.rebuilt);
    if (step === "repair-wheel") {
      readOnly.push(folder.built);
      if (this.#repairFolder !== null) readOnly.push(this.#repairFolder);
      writable.push(folder.repaired);
    }
    if (cwd === folder.test) writable.push(folder.test);
    if (RUNS_COMMAND.has(step)) writable.push(folder.results);
    mkdirSync(folder.virtualEnv, { recursive: true });
    return [
      ...readOnly.filter((path) => existsSync(path)).map((path) => ({ path, isReadOnly: true })),
      ...writable.map((path) => ({ path, isReadOnly: false })),
      ...this.#pipSettings(step).mounts,
    ];
  }
}

function treeOf(folder: JobFolder): string {
  return join(folder.root, "tree");
}

function refused(outcome: Outcome, summary: string): Begun {
  return { ok: false, verdict: { outcome, summary } };
}

function failed(outcome: Outcome, summary: string): StepEnd & { readonly ok: false } {
  return { ok: false, exitCode: 1, verdict: { outcome, summary }, isAgents: true };
}
