import { closeSync, constants, linkSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processMark } from "../system/process-mark.ts";

/** Tries while others take the same lock over. */
const TRIES_MAX = 5;

export type LockResult =
  | { readonly ok: true; readonly lock: Disposable }
  /** Another agent process lives in this folder. */
  | { readonly ok: false; readonly pid: number };

/**
 * Makes sure that one agent process at a time uses a folder. The lock of a
 * process that is gone, or whose number another process has now, is taken over.
 */
export function lockHome(folder: string): LockResult {
  const path = join(folder, "agent.lock");
  if (process.platform === "win32") return lockOpenFile(path);
  const own = `${process.pid} ${processMark(process.pid) ?? ""}`;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    if (create(path, own)) return { ok: true, lock: { [Symbol.dispose]: () => release(path, own) } };
    const holder = read(path);
    if (holder === null) continue;
    const pid = Number(holder.split(" ", 1)[0]);
    if (isHeld(pid, holder)) return { ok: false, pid };
    takeAway(path, holder);
  }
  return { ok: false, pid: Number((read(path) ?? "0").split(" ", 1)[0]) };
}

/** libuv's UV_FS_O_EXLOCK: nobody else can open the file, and the system gives it back however the process ends. */
const EXCLUSIVE = 0x10000000;

/** Windows does not say when a process began, so a process number tells nothing there. */
function lockOpenFile(path: string): LockResult {
  const numberFile = `${path}.pid`;
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_CREAT | EXCLUSIVE, 0o600);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : "";
    if (code === "EBUSY" || code === "EPERM") return { ok: false, pid: Number(read(numberFile) ?? "0") };
    throw cause;
  }
  writeFileSync(numberFile, String(process.pid));
  return { ok: true, lock: { [Symbol.dispose]: () => closeSync(fd) } };
}

function isHeld(pid: number, holder: string): boolean {
  const mark = processMark(pid);
  return mark !== null && holder === `${pid} ${mark}`;
}

/** Complete from the first moment: written elsewhere and linked into place. */
function create(path: string, content: string): boolean {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, content, { mode: 0o600 });
  try {
    linkSync(temporary, path);
    return true;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") return false;
    throw cause;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** Removes a stale lock, but not one that somebody else put in its place meanwhile. */
function takeAway(path: string, holder: string): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
    if (read(aside) !== holder) linkSync(aside, path);
  } catch {
    // Another process was faster; the next try sees what it did.
  } finally {
    rmSync(aside, { force: true });
  }
}

function release(path: string, own: string): void {
  if (read(path) === own) rmSync(path, { force: true });
}
