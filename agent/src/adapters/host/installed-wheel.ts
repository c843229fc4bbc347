import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { normalName } from "../../domain/wheel-name.ts";
import { recordLines } from "../../domain/wheel-record.ts";
import { readOwnFile } from "./own-file.ts";

/** Of a RECORD: a line a file, and the largest wheels have some 20,000. */
const RECORD_BYTES_MAX = 64 * 1024 ** 2;

export interface InstalledWheel {
  readonly version: string;
  /** What it installed, relative to site-packages. */
  readonly paths: readonly string[];
}

/** Where a virtual environment keeps installed packages. */
export async function sitePackages(virtualEnv: string): Promise<string> {
  if (process.platform === "win32") return join(virtualEnv, "Lib", "site-packages");
  const lib = join(virtualEnv, "lib");
  const python = (await readdir(lib)).find((name) => /^python3\.\d+t?$/.test(name));
  if (python === undefined) throw new Error(`${lib} has no folder of a Python`);
  return join(lib, python, "site-packages");
}

/** What is installed under a project's name, from its .dist-info (PEP 376); null when nothing is. */
export async function findInstalled(folder: string, name: string): Promise<InstalledWheel | null> {
  for (const entry of await readdir(folder)) {
    const match = /^(.+)-([^-]+)\.dist-info$/.exec(entry);
    if (!match?.[1] || !match[2] || normalName(match[1]) !== normalName(name)) continue;
    const record = await readOwnFile(join(folder, entry, "RECORD"), folder, RECORD_BYTES_MAX);
    return { version: match[2], paths: recordLines(record ?? "").map(({ path }) => path) };
  }
  return null;
}
