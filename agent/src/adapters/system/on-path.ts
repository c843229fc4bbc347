import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** What programs end with here. */
export const PROGRAM_SUFFIX = process.platform === "win32" ? ".exe" : "";

/** The first program of this name on the path; null: there is none. */
export function onPath(env: NodeJS.ProcessEnv, name: string): string | null {
  for (const folder of (env["PATH"] ?? env["Path"] ?? "").split(delimiter)) {
    const path = join(folder, `${name}${PROGRAM_SUFFIX}`);
    if (folder !== "" && existsSync(path)) return path;
  }
  return null;
}
