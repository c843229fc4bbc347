import { accessSync, closeSync, constants, openSync, readdirSync, readSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join, sep } from "node:path";
import type { PythonSource } from "../../domain/interpreter.ts";
import { runTool } from "../system/run-tool.ts";

/** An executable that may be an interpreter. */
export interface FoundPython {
  /** Without links. */
  readonly path: string;
  readonly foundBy: PythonSource;
}

const LAUNCHER_TIMEOUT_MS = 5_000;
const IS_WINDOWS = process.platform === "win32";
const PYTHON_NAME = IS_WINDOWS ? /^python(?:3(?:\.\d+)?t?)?\.exe$/i : /^python(?:3(?:\.\d+)?t?)?$/;
/** On macOS interpreters also lie where a service's short PATH does not lead. */
const MACOS_FOLDERS = ["/opt/homebrew/bin", "/usr/local/bin"];

/** Every executable that may be an interpreter, each once, in the order of preference. */
export async function findPythons(env: NodeJS.ProcessEnv): Promise<readonly FoundPython[]> {
  const found = new Map<string, FoundPython>();
  const add = (path: string, foundBy: PythonSource): void => {
    const real = realExecutable(path);
    if (real !== null && !found.has(real)) found.set(real, { path: real, foundBy });
  };
  for (const path of onPath(env)) add(path, "path");
  for (const path of versionsOf(pyenvRoot(env))) add(path, "pyenv");
  for (const path of uvPythons(env)) add(path, "uv");
  if (IS_WINDOWS) for (const path of await launcherPythons()) add(path, "py-launcher");
  return [...found.values()];
}

function onPath(env: NodeJS.ProcessEnv): string[] {
  const shims = join(pyenvRoot(env), "shims");
  const folders = (env["PATH"] ?? env["Path"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "" && folder !== shims);
  if (process.platform === "darwin") {
    const frameworks = "/Library/Frameworks/Python.framework/Versions";
    folders.push(...MACOS_FOLDERS, ...list(frameworks).map((version) => join(frameworks, version, "bin")));
  }
  return folders.flatMap((folder) =>
    list(folder)
      .filter((name) => PYTHON_NAME.test(name))
      .map((name) => join(folder, name)),
  );
}

function pyenvRoot(env: NodeJS.ProcessEnv): string {
  return env["PYENV_ROOT"] ?? join(homedir(), ".pyenv", ...(IS_WINDOWS ? ["pyenv-win"] : []));
}

/** pyenv's versions: interpreters of any kind, each in a folder of its own. */
function versionsOf(root: string): string[] {
  const versions = join(root, "versions");
  return list(versions).flatMap((name) => executablesIn(join(versions, name)));
}

/** What uv installed: folders named after the implementation. */
function uvPythons(env: NodeJS.ProcessEnv): string[] {
  const folder = env["UV_PYTHON_INSTALL_DIR"] ?? join(dataFolder(env), "uv", "python");
  return list(folder)
    .filter((name) => name.startsWith("cpython-"))
    .flatMap((name) => executablesIn(join(folder, name)));
}

function dataFolder(env: NodeJS.ProcessEnv): string {
  if (IS_WINDOWS) return env["APPDATA"] ?? join(homedir(), "AppData", "Roaming");
  return env["XDG_DATA_HOME"] ?? join(homedir(), ".local", "share");
}

/** Python 2 has no python3. */
function executablesIn(prefix: string): string[] {
  return IS_WINDOWS ? [join(prefix, "python.exe")] : [join(prefix, "bin", "python3"), join(prefix, "bin", "python")];
}

/** `py --list-paths`: lines such as ` -V:3.12 *        C:\\Python312\\python.exe`. */
async function launcherPythons(): Promise<string[]> {
  const { ok, output } = await runTool("py", ["--list-paths"], { timeoutMs: LAUNCHER_TIMEOUT_MS, cwd: homedir() });
  if (!ok) return [];
  return [...output.matchAll(/^\s*-V:\S+\s+(?:\*\s+)?(.+\.exe)\s*$/gm)].map((match) => match[1] ?? "");
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** The file behind links, when it is a program; scripts, such as pyenv's shims, are no interpreters. */
function realExecutable(path: string): string | null {
  try {
    const real = realpathSync(path);
    const { size } = statSync(real);
    // The Windows Store's placeholders are empty.
    if (size === 0 || isScript(real) || real.includes(`${sep}shims${sep}`)) return null;
    if (!IS_WINDOWS) accessSync(real, constants.X_OK);
    return real;
  } catch {
    return null;
  }
}

function isScript(path: string): boolean {
  const fd = openSync(path, "r");
  try {
    const start = Buffer.alloc(2);
    readSync(fd, start, 0, 2, 0);
    return start.toString("latin1") === "#!";
  } finally {
    closeSync(fd);
  }
}
