import { open } from "node:fs/promises";
import { join } from "node:path";
import { CliError, errorCode } from "../program/cli-error.ts";
import { readDirectory, readPyproject } from "../source/directory.ts";
import type { SourceFacts } from "../source/facts.ts";
import { listFiles } from "../source/list-files.ts";
import { readSetupCall } from "../source/python-values.ts";
import type { ProjectFiles } from "./survey.ts";

/** Files that may say something, by the end of their path. */
const WANTED =
  /(^|\/)(CMakeLists\.txt|Cargo\.toml|meson\.build|[^/]+\.cmake|Makefile|tox\.ini|pytest\.ini|noxfile\.py|ruff\.toml|\.ruff\.toml|mypy\.ini|\.flake8)$|^\.github\/workflows\/[^/]+\.ya?ml$/;
const FILES_MAX = 200;
const TEXT_BYTES_MAX = 256 * 1024;

/** Reads what `init` needs of a project's folder; bounded, whatever the folder has. */
export async function readProjectFiles(dir: string): Promise<ProjectFiles> {
  const { paths } = await listFiles(dir);
  const texts = new Map<string, string>();
  const wanted = paths.filter((path) => WANTED.test(path)).toSorted((left, right) => depth(left) - depth(right));
  for (const path of wanted.slice(0, FILES_MAX)) {
    const text = await readStart(join(dir, path));
    if (text !== null) texts.set(path, text);
  }
  const pyproject = await readPyproject(join(dir, "pyproject.toml"));
  const setupCfg = await readStart(join(dir, "setup.cfg"));
  const setupPy = await readStart(join(dir, "setup.py"));
  return {
    facts: await readFacts(dir, pyproject !== null || setupCfg !== null || setupPy !== null),
    pyproject,
    setupCfg,
    setupPy,
    setupCall: setupPy === null ? null : readSetupCall(setupPy),
    texts,
    paths,
  };
}

/** null for a project that does not say its name in a way that can be read. */
async function readFacts(dir: string, isProject: boolean): Promise<SourceFacts | null> {
  try {
    return (await readDirectory(dir)).facts;
  } catch (error) {
    if (isProject && error instanceof CliError) return null;
    throw error;
  }
}

function depth(path: string): number {
  return path.split("/").length;
}

/** The start of a file's text; null when there is no such file. */
async function readStart(path: string): Promise<string | null> {
  try {
    await using file = await open(path, "r");
    const buffer = Buffer.alloc(TEXT_BYTES_MAX);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } catch (error) {
    if (["ENOENT", "EISDIR", "EACCES"].includes(errorCode(error))) return null;
    throw error;
  }
}
