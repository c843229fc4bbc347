import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Command, CommanderError } from "commander";
import { VersionsFolder } from "../adapters/disk/versions-folder.ts";
import { ownProgram } from "../adapters/service/own-program.ts";
import { startChild, type AgentChild } from "../adapters/service/start-child.ts";
import { AGENT_VERSION } from "../agent-version.ts";
import { defaultFolder } from "../config.ts";
import { backoffMs } from "../domain/backoff.ts";
import { FINAL_EXIT_CODES, STOP_TIMEOUT_S } from "../domain/service/service-settings.ts";
import { afterTrial, nextStart, type Bundle, type TrialEnd } from "../domain/update/versions.ts";
import { EXIT } from "../exit-codes.ts";

/** How long a new version has to register, unless KILN_UPDATE_TRIAL_MS says otherwise. */
const TRIAL_MS = 120_000;
/** Less than service managers wait. */
const STOP_GRACE_MS = (STOP_TIMEOUT_S - 5) * 1_000;
const BACKOFF = { baseMs: 1_000, capMs: 60_000 };

/**
 * Runs the agent as a service does: in a process of its own, that is started
 * again when it ends, and as the version that the farm offered last. A version
 * that does not register in time is rolled back. Ends when it is asked to, or when
 * another start would end the same; returns the agent's exit code then.
 */
export async function service(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const folder = parseFolder(args, env);
  if (typeof folder === "number") return folder;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const launcher = new Launcher(folder, { ...env, KILN_AGENT_DIR: folder });
  const signals = ["SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK"].map((signal) => once(process, signal));
  const parent = env["KILN_EXIT_WITH_PARENT"] === "1" ? [once(process.stdin.resume(), "close")] : [];
  // Nothing else keeps this process alive between two starts.
  const alive = setInterval(() => undefined, 2 ** 30);
  try {
    return await launcher.run(Promise.race([...signals, ...parent]));
  } finally {
    clearInterval(alive);
  }
}

class Launcher {
  readonly #versions: VersionsFolder;
  readonly #env: NodeJS.ProcessEnv;
  readonly #trialMs: number;

  constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.#versions = new VersionsFolder(folder);
    this.#env = env;
    const told = Number(env["KILN_UPDATE_TRIAL_MS"]);
    this.#trialMs = Number.isInteger(told) && told > 0 ? told : TRIAL_MS;
  }

  async run(asked: Promise<unknown>): Promise<number> {
    let isAsked = false;
    const stopping = asked.then(() => (isAsked = true));
    for (let failures = 0; ;) {
      const { versions, bundle, isTrial } = nextStart(this.#versions.read());
      this.#versions.write(versions);
      const child = this.#start(bundle);
      let wasReady = false;
      void child.ready.then(() => (wasReady = true));
      const isRolledBack = isTrial && (await Promise.race([this.#tryOut(child, bundle), stopping.then(() => false)]));
      await Promise.race([child.exited, stopping]);
      if (isAsked) {
        await child.stop(STOP_GRACE_MS);
        return EXIT.stopped;
      }
      const { code, signal } = await child.exited;
      if (code === EXIT.restart || isRolledBack) {
        failures = 0;
        continue;
      }
      if (code !== null && FINAL_EXIT_CODES.includes(code)) return code;
      failures = wasReady ? 1 : failures + 1;
      const waitMs = backoffMs(failures, Math.random(), BACKOFF);
      say(`the agent ended (${signal ?? code}) and is started again in ${Math.round(waitMs / 1_000)} s`);
      await Promise.race([delay(waitMs), stopping]);
      if (isAsked) return EXIT.stopped;
    }
  }

  #start(bundle: Bundle | null): AgentChild {
    const { command } = ownProgram();
    const [program, ...script] = command;
    const file = bundle === null ? null : this.#usable(bundle);
    const env = { ...this.#env, KILN_SERVICE: "1", KILN_BUNDLE_SHA256: file === null ? "" : (bundle?.sha256 ?? "") };
    say(`starting ${file === null ? `the installed version ${AGENT_VERSION}` : `version ${bundle?.version}`}`);
    if (file === null) return startChild([program, ...process.execArgv, ...script, "run"], env, process.stdout);
    // A single executable runs a bundle itself; there may be no other Node.
    const load = script.length === 0 ? ["run-bundle", file] : [...process.execArgv, file];
    return startChild([program, ...load, "run"], env, process.stdout);
  }

  /** Its file, when it is what was verified; otherwise the installed version has to do. */
  #usable(bundle: Bundle): string | null {
    const file = this.#versions.pathOf(bundle);
    const digest = existsSync(file) ? createHash("sha256").update(readFileSync(file)).digest("hex") : null;
    if (digest === bundle.sha256) return file;
    say(`${file} is ${digest === null ? "not there" : "damaged"}: the installed version runs instead`);
    return null;
  }

  /** Resolves with false when the trial has registered, with true when it has been given up and has ended. */
  async #tryOut(child: AgentChild, bundle: Bundle | null): Promise<boolean> {
    const late = new AbortController();
    const end = await Promise.race([
      child.ready.then((): TrialEnd => ({ ok: true })),
      child.exited.then(({ code, signal }): TrialEnd => ({
        ok: false,
        reason: `it ended with ${signal ?? code} before it registered`,
      })),
      delay(this.#trialMs, undefined, { signal: late.signal }).then((): TrialEnd => ({
        ok: false,
        reason: `it did not register within ${this.#trialMs / 1_000} s`,
      })),
    ]);
    late.abort();
    this.#versions.write(afterTrial(this.#versions.read(), end));
    if (end.ok) {
      say(`version ${bundle?.version} has registered`);
      return false;
    }
    say(`version ${bundle?.version} is rolled back: ${end.reason}`);
    await child.stop(STOP_GRACE_MS);
    return true;
  }
}

function parseFolder(args: readonly string[], env: NodeJS.ProcessEnv): string | number {
  const command = new Command("agent service")
    .description("Runs the agent for a service manager: started again when it ends, and kept at the farm's version.")
    .option("--folder <folder>", "the agent's folder (default: KILN_AGENT_DIR)")
    .helpOption("-h, --help", "show this help")
    .exitOverride();
  try {
    command.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.stopped : EXIT.usage;
  }
  return defaultFolder({
    ...env,
    ...(command.opts<{ folder?: string }>().folder === undefined
      ? {}
      : { KILN_AGENT_DIR: command.opts<{ folder: string }>().folder }),
  });
}

/** Beside the agent's own log, which is JSON too. */
function say(msg: string): void {
  process.stderr.write(`${JSON.stringify({ level: 30, time: Date.now(), part: "service", msg })}\n`);
}
