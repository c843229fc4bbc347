import { existsSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where the launcher keeps what it brings; the launcher says so to its scripts. */
export function toolsFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env["KILN_TOOLS"] ?? join(env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "kiln", "tools");
}

/**
 * Makes the folder `name` among the tools and returns its path. `make` fills an
 * empty folder that is then renamed into place, so that an interruption, or
 * another launcher doing the same, leaves a whole tool or none.
 */
export async function makeTool(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const tools = toolsFolder();
  const place = join(tools, name);
  await mkdir(tools, { recursive: true });
  const made = await mkdtemp(join(tools, ".new-"));
  const clean = (): never => {
    rmSync(made, { recursive: true, force: true });
    process.exit(130);
  };
  process.once("SIGINT", clean);
  process.once("SIGTERM", clean);
  try {
    await make(made);
    // Fails where another launcher was first: its tool is as good as ours.
    await rename(made, place).catch((error: unknown) => {
      if (!existsSync(place)) throw error;
    });
  } finally {
    process.removeListener("SIGINT", clean);
    process.removeListener("SIGTERM", clean);
    await rm(made, { recursive: true, force: true });
  }
  return place;
}
