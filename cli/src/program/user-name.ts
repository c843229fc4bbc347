import { userInfo } from "node:os";

/** For whom a decision is: as written, else the user of this machine. */
export function userName(written: string | undefined, env: NodeJS.ProcessEnv): string {
  if (written !== undefined && written.trim() !== "") return written.trim();
  return env["USER"] || env["USERNAME"] || userInfo().username;
}
