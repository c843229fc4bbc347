import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Farm } from "./farm.ts";

const MAIN = fileURLToPath(import.meta.resolve("@kiln/cli").replace("index.ts", "main.ts"));

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line as a process of its own, for a farm of a test or with an environment of its own. */
export async function runKiln(farm: Farm | NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Ended> {
  const env = isFarm(farm)
    ? { ...process.env, KILN_URL: farm.coordinator.ready.httpUrl, KILN_TOKEN: farm.token }
    : farm;
  const options = { env, maxBuffer: 16 * 1024 * 1024 };
  try {
    return { exitCode: 0, ...(await promisify(execFile)(process.execPath, [MAIN, ...args], options)) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    if (typeof code !== "number") throw error;
    return { exitCode: code, stdout, stderr };
  }
}

function isFarm(value: Farm | NodeJS.ProcessEnv): value is Farm {
  return "coordinator" in value && typeof value.coordinator === "object";
}
