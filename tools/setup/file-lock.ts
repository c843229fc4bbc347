import { link, readFile, rename, unlink, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_INTERVAL_MS = 200;

export interface FileLockOptions {
  /** How long to wait for another holder. */
  readonly timeoutMs: number;
  /** Called once, with the holder's process id, when there is something to wait for. */
  readonly onWait: (pid: number) => void;
}

/**
 * Holds a lock file between processes of one machine. The file names its
 * holder, and the lock of a process that is gone is taken over. Throws when the
 * holder keeps it for longer than `timeoutMs`.
 */
export async function lockFile(path: string, options: FileLockOptions): Promise<AsyncDisposable> {
  const own = `${path}.${process.pid}`;
  const deadline = Date.now() + options.timeoutMs;
  let waited = false;
  // A link appears with its content, so nobody reads a lock without a holder.
  await writeFile(own, String(process.pid));
  try {
    while (!(await tryLink(own, path))) {
      const holder = await holderOf(path);
      if (holder === null) continue;
      if (!isAlive(holder)) {
        await takeAway(path, holder, own);
        continue;
      }
      if (Date.now() > deadline) throw new Error(`process ${holder} still holds ${path}`);
      if (!waited) options.onWait(holder);
      waited = true;
      await sleep(POLL_INTERVAL_MS);
    }
  } finally {
    await unlink(own);
  }
  return { [Symbol.asyncDispose]: () => unlink(path) };
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, "EEXIST")) return false;
    throw error;
  }
}

/** The process that holds the lock, or null when it has just been released. */
async function holderOf(path: string): Promise<number | null> {
  try {
    return Number.parseInt(await readFile(path, "utf8"), 10);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return null;
    throw error;
  }
}

/** Removes the lock of a dead holder, unless somebody else has taken it over in the meantime. */
async function takeAway(path: string, deadHolder: number, own: string): Promise<void> {
  const aside = `${own}.stale`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return;
    throw error;
  }
  if ((await holderOf(aside)) !== deadHolder) await tryLink(aside, path);
  await unlink(aside);
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return isErrno(error, "EPERM");
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
