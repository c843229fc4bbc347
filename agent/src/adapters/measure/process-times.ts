import { readdir, readFile } from "node:fs/promises";
import { parseProcessTimes, type ProcessTimes } from "../../domain/measure/foreign-cpu.ts";

/** CPU times of all processes that can be seen; null where there is no /proc. */
export async function readProcessTimes(): Promise<readonly ProcessTimes[] | null> {
  if (process.platform !== "linux") return null;
  const pids = (await readdir("/proc")).filter((name) => /^[0-9]+$/.test(name));
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, "utf8").catch(() => null)));
  // A process that ended between the two calls is gone.
  return texts.flatMap((text) => (text === null ? [] : (parseProcessTimes(text) ?? [])));
}
