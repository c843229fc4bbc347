import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { CliError } from "../program/cli-error.ts";
import { runChild } from "../program/run-child.ts";

export interface FileList {
  /** Paths relative to the folder, with `/`, sorted by code unit. */
  readonly paths: readonly string[];
  /** `git`: what git tracks or would track; `walk`: all but the usual rubbish. */
  readonly by: "git" | "walk";
}

const FILES_MAX = 500_000;
const GIT_TIMEOUT_MS = 60_000;
const SUBMODULE_DEPTH_MAX = 5;

/** Left out of a folder that git does not know: what tools leave behind, never what a project is made of. */
const RUBBISH_ANYWHERE = new Set([
  ".git",
  ".hg",
  ".svn",
  ".bzr",
  "__pycache__",
  ".tox",
  ".nox",
  ".venv",
  "venv",
  ".eggs",
  "node_modules",
  ".mypy_cache",
  ".pytest_cache",
  ".ruff_cache",
  ".hypothesis",
  ".ipynb_checkpoints",
  ".DS_Store",
  ".idea",
]);
const RUBBISH_AT_ROOT = new Set(["build", "dist", "htmlcov", ".coverage", "wheelhouse"]);

/** The files of a project's folder that make its source. */
export async function listFiles(dir: string): Promise<FileList> {
  const byGit = await gitFiles(dir, 0);
  // A folder that its repository ignores as a whole is still a project when it is named.
  const isProject = byGit?.some((path) => /^(pyproject\.toml|setup\.(py|cfg))$/.test(path)) === true;
  if (byGit !== null && isProject) return { paths: byGit.toSorted(byCodeUnit), by: "git" };
  return { paths: (await walk(dir)).toSorted(byCodeUnit), by: "walk" };
}

/** Tracked files and untracked ones that are not ignored; null when this is no git checkout, or git is not there. */
async function gitFiles(dir: string, depth: number): Promise<readonly string[] | null> {
  const args = ["-C", dir, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"];
  const result = await runChild("git", args, { timeoutMs: GIT_TIMEOUT_MS });
  if (result.exitCode !== 0) return null;
  const paths: string[] = [];
  for (const path of result.stdout
    .toString("utf8")
    .split("\0")
    .filter((name) => name !== "")) {
    const stats = await lstat(join(dir, path)).catch(() => null);
    // Deleted, but not yet from the index.
    if (stats === null) continue;
    if (!stats.isDirectory()) {
      paths.push(path.replace(/\/$/, ""));
    } else if (depth < SUBMODULE_DEPTH_MAX) {
      // A submodule, or a repository of its own inside this one.
      const inside = (await gitFiles(join(dir, path), depth + 1)) ?? [];
      paths.push(...inside.map((name) => `${path.replace(/\/$/, "")}/${name}`));
    }
  }
  return paths;
}

async function walk(dir: string): Promise<readonly string[]> {
  const paths: string[] = [];
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = await readdir(join(dir, folder), { withFileTypes: true });
    // A virtual environment under any name (PEP 405).
    if (folder !== "" && entries.some((entry) => entry.name === "pyvenv.cfg")) continue;
    for (const entry of entries) {
      if (isRubbish(entry.name, folder === "")) continue;
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile() || entry.isSymbolicLink()) paths.push(path);
      if (paths.length > FILES_MAX) {
        throw new CliError(`${dir} has more than ${FILES_MAX} files.`, {
          advice: "Put it under git, so that only what belongs to it is packed, or submit an sdist.",
        });
      }
    }
  }
  return paths;
}

function isRubbish(name: string, atRoot: boolean): boolean {
  return (
    RUBBISH_ANYWHERE.has(name) || (atRoot && RUBBISH_AT_ROOT.has(name)) || /\.(pyc|pyo|egg-info|swp|tmp)$|~$/.test(name)
  );
}

function byCodeUnit(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
