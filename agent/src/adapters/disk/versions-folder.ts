import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { INSTALLED, keptBundles, type Bundle, type Versions } from "../../domain/update/versions.ts";
import type { VersionStore } from "../../ports/versions.ts";
import { replaceFile } from "./replace-file.ts";

/** `versions/` in an agent's folder: `versions.json` and a file for each bundle. */
export class VersionsFolder implements VersionStore {
  readonly #folder: string;

  constructor(agentFolder: string) {
    this.#folder = join(agentFolder, "versions");
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
  }

  /** A damaged file is as good as none: the installed version runs, and the farm offers again what it wants. */
  read(): Versions {
    try {
      const value = JSON.parse(readFileSync(this.#file, "utf8")) as Partial<Versions>;
      const { current = null, previous = null, trial = null, failed = null } = value;
      return { current, previous, trial, failed };
    } catch (cause) {
      if (cause instanceof SyntaxError) return INSTALLED;
      if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return INSTALLED;
      throw cause;
    }
  }

  write(versions: Versions): void {
    const finished = `${this.#file}.new`;
    const fd = openSync(finished, "w", 0o600);
    try {
      writeFileSync(fd, `${JSON.stringify(versions, null, 2)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    replaceFile(finished, this.#file);
  }

  pathOf({ sha256 }: Bundle): string {
    return join(this.#folder, `${sha256}.mjs`);
  }

  tidy(): void {
    const kept = keptBundles(this.read());
    for (const name of readdirSync(this.#folder)) {
      const [, sha256] = /^([0-9a-f]{64})\.mjs/.exec(name) ?? [];
      if (sha256 !== undefined && !kept.has(sha256)) rmSync(join(this.#folder, name), { force: true });
    }
  }

  get #file(): string {
    return join(this.#folder, "versions.json");
  }
}
