import { constants } from "node:os";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type Docker from "dockerode";
import type { ProcessEnd } from "../../domain/classify.ts";
import { formatBytes } from "../../domain/units.ts";
import type { Log } from "../../ports/log.ts";
import type { RunningCommand } from "../host/command.ts";
import { containerOptions, type ContainerSpec } from "./container-options.ts";
import { engineMessage, statusOf } from "./engine.ts";
import { OutputFrames } from "./output-frames.ts";

/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 3_000;
/** The output of a container that has ended is given up after this, unless it is held back. */
const ABANDON_MS = 2_000;
const REMOVE_TRIES = 5;
const REMOVE_DELAY_MS = 200;
/** A shell reports the end by a signal as 128 and its number; these are what no program exits with by itself. */
const CRASHES: readonly NodeJS.Signals[] = ["SIGKILL", "SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTERM"];

export interface ContainerHooks {
  /** False: no more until `drained` calls. */
  output(bytes: Uint8Array): boolean;
  drained(listener: () => void): void;
}

export interface RunningContainer extends RunningCommand {
  /** Resolves when the container is removed, or could not be. Never rejects. */
  readonly removed: Promise<void>;
}

/**
 * Runs one command in a container of its own, which ends with everything in it
 * when the command ends. `done` rejects when the engine fails.
 */
export function runContainer(docker: Docker, spec: ContainerSpec, hooks: ContainerHooks, log: Log): RunningContainer {
  const command = new ContainerCommand(docker, spec, hooks, log);
  const done = command.run();
  const removed = done.then(
    () => command.remove(),
    () => command.remove(),
  );
  return { done, removed, stop: () => command.stop(removed) };
}

class ContainerCommand {
  readonly #docker: Docker;
  readonly #spec: ContainerSpec;
  readonly #hooks: ContainerHooks;
  readonly #log: Log;
  readonly #ended = Promise.withResolvers<void>();
  #container: Docker.Container | null = null;
  #isStarted = false;
  #stream: Duplex | null = null;
  #stopping: Promise<void> | null = null;

  constructor(docker: Docker, spec: ContainerSpec, hooks: ContainerHooks, log: Log) {
    this.#docker = docker;
    this.#spec = spec;
    this.#hooks = hooks;
    this.#log = log;
  }

  async run(): Promise<ProcessEnd> {
    try {
      return await this.#run();
    } finally {
      this.#ended.resolve();
    }
  }

  /** Resolves when the container is gone. */
  stop(removed: Promise<void>): Promise<void> {
    // What is held back is read and dropped, so that the output can end.
    this.#stream?.resume();
    this.#stopping ??= this.#endIt().then(() => removed);
    return this.#stopping;
  }

  async remove(): Promise<void> {
    const container = this.#container;
    if (!container) return;
    for (let round = 1; ; round++) {
      try {
        await container.remove({ force: true, v: true });
        return;
      } catch (cause) {
        if (statusOf(cause) === 404) return;
        if (round >= REMOVE_TRIES) {
          // The agent removes it at its next start.
          this.#log.warn({ container: container.id, reason: engineMessage(cause) }, "a container could not be removed");
          return;
        }
        await delay(REMOVE_DELAY_MS);
      }
    }
  }

  async #run(): Promise<ProcessEnd> {
    if (this.#stopping) return STOPPED;
    const container = await this.#docker.createContainer(containerOptions(this.#spec));
    this.#container = container;
    if (this.#stopping) return STOPPED;
    const attached = await container.attach({ stream: true, stdout: true, stderr: true, hijack: true });
    const closed = this.#read(attached as unknown as Duplex);
    await container.start();
    this.#isStarted = true;
    // It was too early to be told.
    if (this.#stopping) await this.#signal("SIGKILL");
    // Waiting is asked for after the start: beside it, engines were seen to hang.
    const { StatusCode: status } = (await container.wait()) as { StatusCode: number };
    await this.#closedOrAbandoned(closed);
    if (status < 0 || status > 255) throw new Error(`the container engine could not tell how a container ended`);
    if (status !== 0 && (await this.#wasOutOfMemory(container))) return { exitCode: status, signal: "SIGKILL" };
    return endOf(status);
  }

  /** Resolves when the output is at its end. */
  #read(stream: Duplex): Promise<void> {
    this.#stream = stream;
    const frames = new OutputFrames();
    stream.on("data", (chunk: Uint8Array) => {
      let mayGoOn = true;
      for (const part of frames.feed(chunk)) mayGoOn = this.#hooks.output(part) && mayGoOn;
      if (mayGoOn || this.#stopping) return;
      stream.pause();
      this.#hooks.drained(() => stream.resume());
    });
    // An attachment that breaks ends.
    stream.on("error", () => undefined);
    return new Promise((resolve) => {
      stream.once("end", resolve);
      stream.once("close", resolve);
    });
  }

  async #closedOrAbandoned(closed: Promise<void>): Promise<void> {
    for (;;) {
      const timer = new AbortController();
      const late = delay(ABANDON_MS, "late", { signal: timer.signal }).catch(() => "closed");
      const first = await Promise.race([closed.then(() => "closed"), late]);
      timer.abort();
      if (first === "closed") break;
      if (this.#stream?.isPaused()) continue;
      break;
    }
    this.#stream?.destroy();
  }

  async #endIt(): Promise<void> {
    if (this.#isStarted) {
      await this.#signal("SIGTERM");
      const timer = new AbortController();
      const late = delay(GRACE_MS, undefined, { signal: timer.signal }).catch(() => undefined);
      await Promise.race([this.#ended.promise, late]);
      timer.abort();
      await this.#signal("SIGKILL");
    }
    await this.#ended.promise;
  }

  async #signal(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    // It may have ended meanwhile; removing it kills it too.
    await this.#container?.kill({ signal }).catch(() => undefined);
  }

  /** A program may hide that the kernel took a process from it; the engine knows. */
  async #wasOutOfMemory(container: Docker.Container): Promise<boolean> {
    const { State: state } = await container.inspect().catch(() => ({ State: null }));
    if (state?.OOMKilled !== true) return false;
    const limit = formatBytes(this.#spec.limits.memoryBytes);
    this.#hooks.output(Buffer.from(`[kiln] the container reached its memory limit of ${limit}\n`));
    return true;
  }
}

const STOPPED: ProcessEnd = { exitCode: 143, signal: "SIGTERM" };

function endOf(status: number): ProcessEnd {
  const signal = CRASHES.find((name) => status === 128 + constants.signals[name]) ?? null;
  return { exitCode: status, signal };
}
