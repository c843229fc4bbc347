import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const TIMEOUT_MS = 60_000;
const OUTPUT_BYTES_MAX = 64 * 2 ** 20;

/**
 * Runs a script with every Python of this machine (pyenv's, and the one on the PATH)
 * and gives what each wrote, as JSON. The script finds `question`, as JSON, in its
 * first argument. Those where it fails are left out: no CPython, or no pip.
 */
export async function askPythons(script: string, question: unknown): Promise<readonly unknown[]> {
  const answers = await Promise.all(pythons().map((python) => ask(python, script, JSON.stringify(question))));
  return answers.filter((answer) => answer !== null);
}

async function ask(python: string, script: string, question: string): Promise<unknown> {
  try {
    const limits = { timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX };
    const { stdout } = await promisify(execFile)(python, ["-I", "-c", script, question], limits);
    return JSON.parse(stdout) as unknown;
  } catch {
    return null;
  }
}

function pythons(): readonly string[] {
  const windows = process.platform === "win32";
  const root = process.env["PYENV_ROOT"] ?? join(homedir(), ".pyenv", ...(windows ? ["pyenv-win"] : []));
  const program = windows ? "python.exe" : join("bin", "python");
  return [...list(join(root, "versions")).map((path) => join(path, program)), windows ? "python" : "python3"];
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}
