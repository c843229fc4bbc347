import { readFileSync } from "node:fs";

/** The variable by which every process of an attempt can be told. */
export const COOKIE_VARIABLE = "KILN_ATTEMPT";

/**
 * The cookie of the attempt that a process belongs to. Null for processes
 * without one, of other users, and for those that have ended; and on systems
 * other than Linux, where environments cannot be read.
 */
export function attemptOfProcess(pid: number): string | null {
  let environment: string;
  try {
    environment = readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return null;
  }
  const prefix = `${COOKIE_VARIABLE}=`;
  const at = environment.startsWith(prefix) ? 0 : environment.indexOf(`\0${prefix}`) + 1;
  if (at === 0 && !environment.startsWith(prefix)) return null;
  const end = environment.indexOf("\0", at);
  return environment.slice(at + prefix.length, end < 0 ? undefined : end);
}
