import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { findProgram, type Brought } from "./daemon.ts";

/** bookworm has glibc 2.36 and CPython 3.11, bullseye glibc 2.31 and CPython 3.9. */
export type DebianRelease = "bookworm" | "bullseye";

/** With a compiler, extensions can be built in it; without, it is a third of the size. */
export type RootfsKind = "python" | "compiler";

const PACKAGES: Readonly<Record<RootfsKind, readonly string[]>> = {
  python: ["python3", "python3-venv", "ca-certificates"],
  compiler: ["python3", "python3-venv", "ca-certificates", "python3-dev", "g++"],
};
/** What nobody reads in a test. */
const LEFT_OUT = ["usr/share/doc", "usr/share/man", "usr/share/locale", "var/cache/apt", "var/lib/apt/lists"];

/**
 * A root folder of Debian with Python, packed as a .tar. Made
 * once a machine, with debootstrap, in about a minute, and kept in the user's
 * cache. Says in one line why it cannot be made.
 */
export async function debianRootfs(
  release: DebianRelease,
  kind: RootfsKind,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Brought<string>> {
  const packages = PACKAGES[kind];
  const cache = join(env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "kiln", "test-images");
  const recipe = createHash("sha256")
    .update(JSON.stringify([packages, LEFT_OUT]))
    .digest("hex")
    .slice(0, 8);
  const tar = join(cache, `debian-${release}-${kind}-${recipe}.tar`);
  if (existsSync(tar)) return { ok: true, value: tar };
  const debootstrap = findProgram("debootstrap", env);
  if (debootstrap === null) return { ok: false, reason: "debootstrap is not installed (Debian: debootstrap)" };
  if (process.getuid?.() !== 0)
    return { ok: false, reason: "debootstrap needs root, and these tests do not run as root" };
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, ".new-"));
  try {
    const root = join(folder, "root");
    const made = await run(debootstrap, ["--variant=minbase", `--include=${packages.join(",")}`, release, root]);
    if (!made.ok) return { ok: false, reason: `debootstrap could not make Debian ${release}: ${made.lastLine}` };
    const left = LEFT_OUT.flatMap((path) => ["--exclude", `./${path}/*`]);
    const packed = await run("tar", [
      "-C",
      root,
      "--numeric-owner",
      "--one-file-system",
      ...left,
      "-cf",
      join(folder, "root.tar"),
      ".",
    ]);
    if (!packed.ok) return { ok: false, reason: `Debian ${release} could not be packed: ${packed.lastLine}` };
    renameSync(join(folder, "root.tar"), tar);
    return { ok: true, value: tar };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(program: string, args: readonly string[]): Promise<{ readonly ok: boolean; readonly lastLine: string }> {
  const { promise, resolve } = Promise.withResolvers<{ ok: boolean; lastLine: string }>();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let tail = "";
  const keep = (bytes: Buffer): void => void (tail = (tail + bytes.toString()).slice(-2_000));
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  child.on("error", (cause) => resolve({ ok: false, lastLine: cause.message }));
  child.on("close", (code) => resolve({ ok: code === 0, lastLine: tail.trim().split("\n").at(-1) ?? "" }));
  return promise;
}
