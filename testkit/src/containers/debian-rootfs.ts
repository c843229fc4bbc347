import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { findProgram, type Brought } from "./daemon.ts";

/** bookworm has glibc 2.36 and CPython 3.11, bullseye glibc 2.31 and CPython 3.9. */
export type DebianRelease = "bookworm" | "bullseye";

/** trixie has wine 10; it is no release that images are made of. */
type AnyRelease = DebianRelease | "trixie";

/** How a root folder is made; what it says is in the name of the file that is kept. */
export interface RootfsRecipe {
  readonly release: AnyRelease;
  /** What it is for, a word: part of the file's name. */
  readonly kind: string;
  readonly packages: readonly string[];
  /** What else the result depends on, as text. */
  readonly ingredients?: readonly string[];
  /** Goes on with the folder that debootstrap made of packages of this mirror. */
  readonly finish?: (root: string, mirror: string) => Promise<Brought<null>>;
}

/** What nobody reads in a test. */
const LEFT_OUT = ["usr/share/doc", "usr/share/man", "usr/share/locale", "var/cache/apt", "var/lib/apt/lists"];

/**
 * A root folder of Debian with its Python, packed as a .tar. Made
 * once a machine, with debootstrap, in about a minute, and kept in the user's
 * cache. Says in one line why it cannot be made.
 */
export function debianRootfs(release: DebianRelease, env: NodeJS.ProcessEnv = process.env): Promise<Brought<string>> {
  return keptRootfs({ release, kind: "python", packages: ["python3", "python3-venv", "ca-certificates"] }, env);
}

/** The packed root folder of a recipe, made when it is not in the user's cache yet. Says in one line why it cannot be made. */
export async function keptRootfs(recipe: RootfsRecipe, env: NodeJS.ProcessEnv): Promise<Brought<string>> {
  const { release, kind, packages, ingredients = [] } = recipe;
  const cache = imageCache(env);
  const digest = createHash("sha256")
    .update(JSON.stringify([packages, LEFT_OUT, ...ingredients]))
    .digest("hex")
    .slice(0, 8);
  const tar = join(cache, `debian-${release}-${kind}-${digest}.tar`);
  if (existsSync(tar)) return { ok: true, value: tar };
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, ".new-"));
  try {
    const root = join(folder, "root");
    const made = await makeRoot(recipe, root, env);
    if (!made.ok) return made;
    const left = LEFT_OUT.flatMap((path) => ["--exclude", `./${path}/*`]);
    const packed = join(folder, "root.tar");
    const options = ["-C", root, "--numeric-owner", "--one-file-system"];
    const end = await run("tar", [...options, ...left, "-cf", packed, "."]);
    if (!end.ok) return { ok: false, reason: `Debian ${release} could not be packed: ${end.lastLine}` };
    renameSync(packed, tar);
    return { ok: true, value: tar };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The folder of this user's cache that keeps what takes long to make. */
export function imageCache(env: NodeJS.ProcessEnv): string {
  return join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "kiln", "test-images");
}

/** Makes the root folder of a recipe at `root`, which must not be there. Says in one line why it cannot be made. */
export async function makeRoot(
  recipe: RootfsRecipe,
  root: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Brought<null>> {
  const debootstrap = findProgram("debootstrap", env);
  if (debootstrap === null) return { ok: false, reason: "debootstrap is not installed (Debian: debootstrap)" };
  if (process.getuid?.() !== 0)
    return { ok: false, reason: "debootstrap needs root, and these tests do not run as root" };
  const { release, packages, finish } = recipe;
  const mirror = await debianMirror();
  const options = ["--variant=minbase", `--include=${packages.join(",")}`];
  const made = await run(debootstrap, [...options, release, root, ...(mirror === null ? [] : [mirror])]);
  if (!made.ok) return { ok: false, reason: `debootstrap could not make Debian ${release}: ${made.lastLine}` };
  if (!finish) return { ok: true, value: null };
  const sources = readFileSync(join(root, "etc/apt/sources.list"), "utf8");
  return finish(root, /^deb (\S+)/m.exec(sources)?.[1] ?? "");
}

/** Where this machine's own apt has Debian's packages from; null where it has none: debootstrap knows a place itself. */
async function debianMirror(): Promise<string | null> {
  const format = ["--format", "$(REPO_URI) $(ORIGIN)"];
  const listed = await run("apt-get", ["indextargets", ...format, "Created-By: Packages"]);
  // The origin is known once apt has fetched its lists.
  const line = listed.output.split("\n").find((one) => / Debian$|\/debian\/ $/.test(one));
  return (listed.ok && line?.split(" ")[0]) || null;
}

export interface RunEnd {
  readonly ok: boolean;
  /** The end of both outputs. */
  readonly output: string;
  readonly lastLine: string;
}

/** Runs a program to its end. Never rejects. */
export function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<RunEnd> {
  const { promise, resolve } = Promise.withResolvers<RunEnd>();
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const keep = (bytes: Buffer): void => void (output = (output + bytes.toString()).slice(-8_000));
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  child.on("error", (cause) => resolve({ ok: false, output: "", lastLine: cause.message }));
  child.on("close", (code) => resolve({ ok: code === 0, output, lastLine: output.trim().split("\n").at(-1) ?? "" }));
  return promise;
}
