import { createHash, randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { access, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Interpreter } from "../../domain/interpreter.ts";
import { runTool } from "../system/run-tool.ts";
import type { PipSource } from "./job-context.ts";

const TOOL_TIMEOUT_MS = 120_000;

/**
 * The pip that an interpreter's own ensurepip carries, unpacked once and
 * compiled once for every feature version. A virtual environment made without
 * pip takes 40 ms and one with pip more than 2 s, nearly all of it the
 * installation of this same wheel; so environments are made without it and
 * given this folder instead.
 */
export class PipTool implements PipSource {
  readonly #folder: string;
  /** Preparations under way or done, by wheel, by folder, and by wheel and interpreter. */
  readonly #prepared = new Map<string, Promise<string>>();

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** A folder to put on `sys.path`. Throws when the interpreter cannot unpack its own pip. */
  async prepare(python: Interpreter): Promise<string> {
    const folder = await this.#once(python.pipWheel, () => this.#unpack(python));
    return this.#once(`${python.pipWheel}\0${python.path}`, () => this.#compile(folder, python));
  }

  #once(key: string, work: () => Promise<string>): Promise<string> {
    let result = this.#prepared.get(key);
    if (!result) {
      result = work();
      this.#prepared.set(key, result);
      // A failure is tried again by the next job.
      result.catch(() => this.#prepared.delete(key));
    }
    return result;
  }

  async #unpack(python: Interpreter): Promise<string> {
    const digest = createHash("sha256")
      .update(await readFile(python.pipWheel))
      .digest("hex");
    const name = basename(python.pipWheel).split("-").slice(0, 2).join("-");
    const folder = join(this.#folder, `${name}-${digest.slice(0, 12)}`);
    // Interpreters of different versions may carry the very same pip.
    return this.#once(folder, () => this.#unpackTo(folder, python));
  }

  async #unpackTo(folder: string, python: Interpreter): Promise<string> {
    if (await exists(folder)) return folder;
    const temporary = `${folder}.${randomUUID()}`;
    try {
      await this.#run(python, ["-m", "zipfile", "-e", python.pipWheel, `${temporary}/`]);
      await rename(temporary, folder);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
    return folder;
  }

  async #compile(folder: string, python: Interpreter): Promise<string> {
    const done = join(folder, `.compiled-${python.version}${python.feature.endsWith("t") ? "t" : ""}`);
    if (await exists(done)) return folder;
    await this.#run(python, ["-m", "compileall", "-q", join(folder, "pip")]);
    await writeFile(done, "");
    return folder;
  }

  async #run(python: Interpreter, args: readonly string[]): Promise<void> {
    const { ok, output } = await runTool(python.path, ["-E", "-s", ...args], {
      timeoutMs: TOOL_TIMEOUT_MS,
      cwd: this.#folder,
    });
    if (!ok) throw new Error(`${python.path} ${args.join(" ")} failed: ${output.slice(-2_000)}`);
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
