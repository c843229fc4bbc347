import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const SCRIPT = fileURLToPath(new URL("../../../tools/bundle.ts", import.meta.url));

/** How long it may take on a busy machine; some 5 s on a quiet one. */
export const BUILD_MS = 180_000;

/** Makes the agent's bundle in a folder, as `./kiln bundle` does; returns the paths of its files. */
export async function buildBundle(folder: string, options: readonly string[] = []): Promise<readonly string[]> {
  const args = ["--disable-warning=ExperimentalWarning", SCRIPT, "--out", folder, ...options];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout.trim().split("\n");
}
