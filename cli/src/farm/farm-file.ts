import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { errorCode } from "../program/cli-error.ts";

/** farm.json: where the farm of this home runs, for the commands that talk to it. */
export interface FarmFile {
  readonly httpUrl: string;
  readonly grpcAddress: string;
  readonly natsUrl: string;
  readonly token: string;
  /** Process ids by name: `up`, `nats`, `coordinator`, `agent`. */
  readonly pids: Readonly<Record<string, number>>;
  readonly startedAtMs: number;
}

/** The file's content, or null when there is none or it is not a whole one. */
export async function readFarmFile(path: string): Promise<FarmFile | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
  try {
    const value = JSON.parse(text) as Partial<FarmFile> | null;
    if (typeof value?.httpUrl !== "string" || typeof value.token !== "string") return null;
    return {
      httpUrl: value.httpUrl,
      token: value.token,
      grpcAddress: value.grpcAddress ?? "",
      natsUrl: value.natsUrl ?? "",
      pids: value.pids ?? {},
      startedAtMs: value.startedAtMs ?? 0,
    };
  } catch {
    return null;
  }
}

/** Writes the file whole, readable by its owner only: it holds the farm's token. */
export async function writeFarmFile(path: string, farm: FarmFile): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(farm, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, path);
}

export async function removeFarmFile(path: string): Promise<void> {
  await rm(path, { force: true });
}
