import { userInfo } from "node:os";

/** Who answers for a decision: as written, else the user of this machine. */
export function userName(written: string | undefined, env: NodeJS.ProcessEnv): string {
  if (written !== undefined && written.trim() !== "") return written.trim();
  return env["USER"] || env["USERNAME"] || userInfo().username;
}
