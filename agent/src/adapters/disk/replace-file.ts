import { renameSync, rmSync } from "node:fs";

/** What Windows says while another process, a virus scanner say, has the file open. */
const IN_USE: ReadonlySet<string> = new Set(["EPERM", "EACCES", "EBUSY"]);

/**
 * Puts a finished file in the place of another, of the same folder. Readers see
 * the old or the new one. Windows may refuse to replace a file that somebody has
 * open; it can still be renamed, so it is moved aside first: a reader that comes
 * in between finds none.
 */
export function replaceFile(finished: string, path: string, platform: NodeJS.Platform = process.platform): void {
  try {
    renameSync(finished, path);
    return;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (platform !== "win32" || !IN_USE.has(code)) throw cause;
  }
  const aside = `${path}.${process.pid}.old`;
  renameSync(path, aside);
  try {
    renameSync(finished, path);
  } catch (cause) {
    renameSync(aside, path);
    throw cause;
  }
  // Gone at once, or with the last process that has it open.
  rmSync(aside, { force: true, maxRetries: 3 });
}
