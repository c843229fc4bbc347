import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Interpreter } from "../../domain/interpreter.ts";

const PIP_TIMEOUT_MS = 300_000;

/** Unpacks the pip wheel in its first argument into the folder in its second, and compiles it. */
const UNPACK_SCRIPT = `
import compileall, sys, zipfile
zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])
compileall.compile_dir(sys.argv[2], quiet=2)
`;

/** Runs an errand in a container of an image that may write to one folder. */
export type ImageErrand = (
  imageId: string,
  argv: readonly string[],
  folder: string,
  timeoutMs: number,
) => Promise<{ readonly ok: boolean; readonly output: string }>;

/**
 * The pip that an interpreter of an image carries, unpacked and compiled once
 * by that interpreter, and then given to jobs read-only. Each image and
 * interpreter has its own: what one image makes of it reaches no other's jobs.
 */
export class ImagePip {
  readonly #folder: string;
  readonly #errand: ImageErrand;
  readonly #prepared = new Map<string, Promise<string>>();

  constructor(folder: string, errand: ImageErrand) {
    this.#folder = folder;
    this.#errand = errand;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** A folder of this machine to put on `sys.path`. Throws when the interpreter cannot unpack its own pip. */
  prepare(imageId: string, python: Interpreter): Promise<string> {
    const folder = join(this.#folder, `${folderStart(imageId)}-${digest(python.path)}`);
    let result = this.#prepared.get(folder);
    if (!result) {
      result = this.#unpack(imageId, python, folder);
      this.#prepared.set(folder, result);
      // A failure is tried again by the next job.
      result.catch(() => this.#prepared.delete(folder));
    }
    return result;
  }

  /** Removes what belongs to images that are not known any more, or was left half done. */
  async keepOnly(imageIds: ReadonlySet<string>): Promise<void> {
    const starts = new Set([...imageIds].map(folderStart));
    for (const name of readdirSync(this.#folder)) {
      if (name.includes(".") || !starts.has(name.split("-", 1)[0] ?? "")) {
        await rm(join(this.#folder, name), { recursive: true, force: true });
      }
    }
  }

  async #unpack(imageId: string, python: Interpreter, folder: string): Promise<string> {
    if (existsSync(folder)) return folder;
    const temporary = `${folder}.${randomUUID()}`;
    await mkdir(temporary);
    try {
      const argv = [python.path, "-E", "-s", "-c", UNPACK_SCRIPT, python.pipWheel, temporary];
      const { ok, output } = await this.#errand(imageId, argv, temporary, PIP_TIMEOUT_MS);
      if (!ok) throw new Error(`${python.path} of the image could not unpack its pip: ${output.slice(-2_000)}`);
      await rename(temporary, folder);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
    return folder;
  }
}

/** How the names of folders begin that belong to an image. */
export function folderStart(imageId: string): string {
  return imageId.replace("sha256:", "").slice(0, 24);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
