import { createHash } from "node:crypto";
import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Brought } from "../containers/daemon.ts";
import { imageCache, makeRoot, run } from "../containers/debian-rootfs.ts";

/** Where wine's drive C: lies in the root folder. */
const WINE_PREFIX = "/opt/prefix";

/** What a command in the root folder sees. */
export const WINE_ENVIRONMENT: readonly string[] = [
  "HOME=/opt",
  `WINEPREFIX=${WINE_PREFIX}`,
  // Its own messages would be in the way of what is tested.
  "WINEDEBUG=-all",
  "PATH=/usr/lib/wine:/usr/sbin:/usr/bin:/sbin:/bin",
  "LC_ALL=C.UTF-8",
  "DEBIAN_FRONTEND=noninteractive",
];

const PACKAGES = ["ca-certificates"];
const WINE = ["apt-get", "install", "--yes", "--no-install-recommends", "wine64"];
/** What 64-bit programs without a window do not use; nobody reads documentation in a test. */
const LEFT_OUT = [
  "usr/lib/x86_64-linux-gnu/wine/i386-windows",
  "usr/share/doc",
  "usr/share/man",
  "usr/share/locale",
  "var/cache/apt",
  "var/lib/apt/lists",
];
const WINE_FILES = "usr/lib/x86_64-linux-gnu/wine/x86_64-windows";
const PREFIX = ["wine64", "wineboot", "--init"];

/**
 * A root folder of Debian trixie with 64-bit wine 10 and its drive C:. Made once a
 * machine, in less than a minute, and kept in the user's cache (1.2 GB). Nobody
 * writes in it: who runs something puts a layer over it. Says in one line why it
 * cannot be had.
 */
export async function wineRoot(env: NodeJS.ProcessEnv = process.env): Promise<Brought<string>> {
  if (process.arch !== "x64") return { ok: false, reason: "wine runs 64-bit Windows programs on x86_64 only" };
  const recipe = JSON.stringify([PACKAGES, WINE, LEFT_OUT, PREFIX, WINE_PREFIX]);
  const digest = createHash("sha256").update(recipe).digest("hex").slice(0, 8);
  const kept = join(imageCache(env), `wine-${digest}`);
  if (existsSync(kept)) return { ok: true, value: kept };
  mkdirSync(imageCache(env), { recursive: true });
  const folder = mkdtempSync(join(imageCache(env), ".new-"));
  try {
    const root = join(folder, "root");
    const made = await makeRoot({ release: "trixie", kind: "wine", packages: PACKAGES, finish: addWine }, root, env);
    if (!made.ok) return made;
    keep(root, kept);
    return { ok: true, value: kept };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Another process may have been as fast. */
function keep(root: string, kept: string): void {
  try {
    renameSync(root, kept);
  } catch (cause) {
    if (!existsSync(kept)) throw cause;
  }
}

async function addWine(root: string): Promise<Brought<null>> {
  const installed = await run("chroot", [root, "env", "-i", ...WINE_ENVIRONMENT, ...WINE]);
  if (!installed.ok) return { ok: false, reason: `wine could not be installed: ${installed.lastLine}` };
  for (const path of LEFT_OUT) rmSync(join(root, path), { recursive: true, force: true });
  // In namespaces of its own: wine's server ends with it.
  const script = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"';
  const inside = ["env", "-i", ...WINE_ENVIRONMENT, "sh", "-c", `${PREFIX.join(" ")} && wineserver --wait`];
  const booted = await run("unshare", [...NAMESPACES, "sh", "-c", script, root, ...inside]);
  if (!booted.ok || !existsSync(join(root, WINE_PREFIX, "drive_c", "windows", "system32", "cmd.exe"))) {
    return { ok: false, reason: `wine could not make its drive C: (${booted.lastLine})` };
  }
  shareFiles(join(root, WINE_FILES), join(root, WINE_PREFIX, "drive_c", "windows", "system32"));
  return { ok: true, value: null };
}

/** The drive has copies of wine's files: hard links take half of the space. */
function shareFiles(from: string, copies: string): void {
  for (const name of readdirSync(from)) {
    const [original, copy] = [join(from, name), join(copies, name)];
    if (!existsSync(copy) || !readFileSync(original).equals(readFileSync(copy))) continue;
    rmSync(copy);
    linkSync(original, copy);
  }
}

/** Mounts and processes end with the first process. */
export const NAMESPACES = ["--mount", "--pid", "--fork", "--kill-child=SIGKILL"];
