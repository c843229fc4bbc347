import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../program/cli-error.ts";
import { isAlive } from "./process-group.ts";

/** Who holds a home. */
export interface LockHolder {
  readonly pid: number;
  /** When the process began, as the system counts it; tells a reused number from the holder. "" when not known. */
  readonly startMark: string;
}

export type LockResult =
  | { readonly ok: true; readonly lock: HomeLock; readonly wasStale: boolean }
  | { readonly ok: false; readonly holder: LockHolder };

/** Only one farm runs in a home. */
export interface HomeLock {
  release(): Promise<void>;
}

const TRIES = 5;

/** Takes the lock of a home, also from a process that died without giving it back. */
export async function lockHome(path: string): Promise<LockResult> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const mine = JSON.stringify({ pid: process.pid, startMark: await startMark(process.pid) });
  const temporary = `${path}.${process.pid}.tmp`;
  let wasStale = false;
  for (let tries = 0; tries < TRIES; tries += 1) {
    // Linked from a whole file: nobody ever reads half a lock.
    await writeFile(temporary, mine, { mode: 0o600 });
    try {
      await link(temporary, path);
      return { ok: true, wasStale, lock: { release: () => release(path, mine) } };
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    } finally {
      await rm(temporary, { force: true });
    }
    const text = await readFile(path, "utf8").catch(() => null);
    if (text === null) continue;
    const holder = parseHolder(text);
    if (holder !== null && (await isHolding(holder))) return { ok: false, holder };
    wasStale = true;
    await putAside(path, text);
  }
  return { ok: false, holder: { pid: 0, startMark: "" } };
}

/** Removes a stale lock, unless another process has taken it over in the meantime: then that one is put back. */
async function putAside(path: string, stale: string): Promise<void> {
  const aside = `${path}.${process.pid}.stale`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  if ((await readFile(aside, "utf8")) !== stale) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

async function release(path: string, mine: string): Promise<void> {
  if ((await readFile(path, "utf8").catch(() => null)) === mine) await rm(path, { force: true });
}

async function isHolding(holder: LockHolder): Promise<boolean> {
  if (!isAlive(holder.pid)) return false;
  const mark = await startMark(holder.pid);
  return mark === "" || holder.startMark === "" || mark === holder.startMark;
}

function parseHolder(text: string): LockHolder | null {
  try {
    const value = JSON.parse(text) as Partial<LockHolder> | null;
    return typeof value?.pid === "number" ? { pid: value.pid, startMark: value.startMark ?? "" } : null;
  } catch {
    return null;
  }
}

/** Field 22 of /proc/PID/stat (proc(5)): clock ticks from boot to the start of the process. */
async function startMark(pid: number): Promise<string> {
  if (process.platform !== "linux") return "";
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The name in parentheses may hold anything, so fields count from the last one.
  return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}
