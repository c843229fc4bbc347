import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Interpreter } from "../../domain/interpreter.ts";
import { moduleOf, planTool, repairReason, repairToolFor, type ToolPlan } from "../../domain/repair-tool.ts";
import { runTool } from "../system/run-tool.ts";
import type { PipSource, ReadyTool, RepairSource } from "./job-context.ts";
import { jobEnvironment } from "./job-environment.ts";
import { moduleArguments } from "./run-module.ts";

const INSTALL_TIMEOUT_MS = 300_000;

/**
 * The tool that repairs this system's wheels, of one exact version, installed
 * once per agent with the machine owner's pip settings and then used by every
 * build. Without an index it cannot be had, and then a build ends as a matter of
 * infrastructure: a wheel that was not repaired is never passed off as one that
 * was.
 */
export class RepairTools implements RepairSource {
  readonly #folder: string;
  readonly #interpreters: readonly Interpreter[];
  readonly #pip: PipSource;
  #ready: Promise<ReadyTool> | null = null;

  constructor(folder: string, interpreters: readonly Interpreter[], pip: PipSource) {
    this.#folder = folder;
    this.#interpreters = interpreters;
    this.#pip = pip;
  }

  /** Throws, with what to do, when it cannot be had. */
  prepare(note: (text: string) => void): Promise<ReadyTool> {
    if (!this.#ready) {
      this.#ready = this.#prepare(note);
      // A failure is tried again by the next job.
      this.#ready.catch(() => (this.#ready = null));
    }
    return this.#ready;
  }

  async #prepare(note: (text: string) => void): Promise<ReadyTool> {
    const tool = repairToolFor(this.#interpreters[0]?.platform ?? "");
    const plan = planTool(tool, this.#interpreters);
    if (!plan) throw new Error(`${tool} needs CPython 3.9 or newer, and this agent has none: install one`);
    const title = plan.requirements.join(" ");
    const key = createHash("sha256").update(`${title}\0${plan.python.path}\0${plan.python.version}`).digest("hex");
    const folder = join(this.#folder, `${tool}-${key.slice(0, 12)}`);
    if (!existsSync(folder)) {
      note(`installing ${title} (once)`);
      await this.#install(plan, folder);
      await this.#removeOthers(folder);
    }
    return { argv: [plan.python.path, ...moduleArguments(folder, moduleOf(tool))], tool, version: title };
  }

  async #install({ python, requirements }: ToolPlan, folder: string): Promise<void> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const pip = await this.#pip.prepare(python);
    const temporary = `${folder}.${randomUUID()}`;
    // What a job's pip gets, so that neither the agent's token nor another environment's settings reach it.
    const facts = { job: {}, cookie: "", temporaryFolder: this.#folder, wheel: null, virtualEnv: null };
    const env = jobEnvironment({ ...facts, inherited: process.env });
    // Compiled once here, and not by each of its runs.
    delete env["PIP_NO_COMPILE"];
    try {
      const install = ["install", "--target", temporary, "--only-binary", ":all:", "--", ...requirements];
      const argv = [...moduleArguments(pip, "pip"), ...install];
      const { ok, output } = await runTool(python.path, argv, {
        timeoutMs: INSTALL_TIMEOUT_MS,
        cwd: this.#folder,
        env,
      });
      if (!ok) throw new Error(cannotInstall(requirements, output));
      await rename(temporary, folder);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }

  /** Of earlier versions, other interpreters, and what was left half done. */
  async #removeOthers(folder: string): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      if (path !== folder) await rm(path, { recursive: true, force: true });
    }
  }
}

/** A sentence for people; the whole of pip's output is not in any log. */
export function cannotInstall(requirements: readonly string[], output: string): string {
  const lines = output.split(/\r?\n/).map((line) => line.trim());
  const pips = lines.findLast((line) => line.startsWith("ERROR: "))?.slice("ERROR: ".length);
  const reason = pips ?? repairReason(output) ?? lines.findLast((line) => line !== "") ?? "pip said nothing";
  return `${requirements.join(" and ")} could not be installed, so the wheel cannot be repaired: ${reason.slice(0, 300)}`;
}
