import type { CandidateFacts } from "@kiln/proto";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { CliError, errorCode, errorMessage } from "../program/cli-error.ts";
import { bytes } from "../render/bytes.ts";
import { normalName, parseSourceArgument } from "./argument.ts";
import { commitOf } from "./commit-of.ts";
import { readDirectory } from "./directory.ts";
import type { SourceFacts } from "./facts.ts";
import { listFiles } from "./list-files.ts";
import { pack } from "./pack.ts";
import { readSdist } from "./sdist.ts";

/** Largest source that is packed or sent. */
const SOURCE_BYTES_MAX = 1024 * 1024 * 1024;
const SPEC_BYTES_MAX = 256 * 1024;
/** As in the farm's API. */
const REQUIREMENTS_MAX = 1_000;
const REQUIREMENT_LENGTH_MAX = 2_000;

/** A source that is ready to be sent: one file, who it is, and the spec that goes with it. */
export interface PreparedSource extends AsyncDisposable {
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly filename: string;
  readonly candidate: CandidateFacts;
  /** Empty text and name: the defaults. */
  readonly spec: { readonly text: string; readonly file: string };
}

export interface PrepareOptions {
  /** DIRECTORY, FILE or pypi:NAME==VERSION. */
  readonly source: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** `--spec`: wins over a kiln.yaml of the source. */
  readonly specFile: string | null;
  /** `--index-url`. */
  readonly indexUrl: string | null;
  readonly signal: AbortSignal;
  /** Says something on the way, for the person. */
  readonly note: (text: string) => void;
}

/** Finds, fetches or packs what was named, and reads what it says of itself. Dispose it to remove temporary files. */
export async function prepareSource(options: PrepareOptions): Promise<PreparedSource> {
  const argument = parseSourceArgument(options.source);
  const wanted = await readSpecOption(options);
  const workDir = await mkdtemp(join(tmpdir(), "kiln-source-"));
  const remove = async (): Promise<void> => rm(workDir, { recursive: true, force: true });
  try {
    const file =
      argument.kind === "path"
        ? await prepareLocal(resolve(options.cwd, argument.path), argument.path, workDir, options)
        : await prepareRelease(argument, workDir, options);
    const { facts, origin, commit } = file;
    const requiresDist = sendable(facts.requiresDist);
    const candidate = { ...facts, requiresDist, origin, ...(commit === null ? {} : { commit }) };
    const { path, sha256, sizeBytes, filename } = file;
    const spec = wanted ?? file.spec ?? { text: "", file: "" };
    return { path, sha256, sizeBytes, filename, candidate, spec, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Dependencies that the farm takes; more, or longer ones, count as not known: only the build will tell. */
function sendable(requiresDist: SourceFacts["requiresDist"]): string[] | null {
  if (requiresDist === null || requiresDist.length > REQUIREMENTS_MAX) return null;
  return requiresDist.some((each) => each.length > REQUIREMENT_LENGTH_MAX) ? null : [...requiresDist];
}

interface SourceFile {
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly filename: string;
  readonly facts: SourceFacts;
  readonly origin: string;
  /** Of git; null where it has other files than a commit, or no commit is known. */
  readonly commit: string | null;
  readonly spec: { readonly text: string; readonly file: string } | null;
}

async function prepareLocal(
  path: string,
  written: string,
  workDir: string,
  options: PrepareOptions,
): Promise<SourceFile> {
  const stats = await stat(path).catch((error: unknown) => {
    if (errorCode(error) !== "ENOENT") throw error;
    const looksLikeName = /^[A-Za-z0-9._-]+(==.*)?$/.test(written);
    throw new CliError(`${written} is neither a folder nor a file.`, {
      advice: looksLikeName ? `For a release on an index, write pypi:${written.split("==")[0]}==VERSION.` : "",
    });
  });
  return stats.isDirectory() ? prepareDirectory(path, workDir, options) : prepareSdist(path, path);
}

async function prepareDirectory(dir: string, workDir: string, options: PrepareOptions): Promise<SourceFile> {
  const { facts, spec, versionFromGit } = await readDirectory(dir);
  if (versionFromGit !== "") {
    options.note(
      `The build may take its version from git's history (${versionFromGit}), which is not sent. If it fails for that, ` +
        "submit the sdist (python3 -m build --sdist), or set the version in kiln.yaml under build: env.",
    );
  }
  const stem = `${normalName(facts.name).replaceAll("-", "_")}-${facts.version ?? "source"}`.replace(/[^\w.+!-]/g, "_");
  const filename = `${stem}.tar.gz`;
  const path = join(workDir, filename);
  const { paths, by } = await listFiles(dir);
  const commit = by === "git" ? await commitOf(dir) : null;
  const packed = await pack({ dir, paths, topFolder: stem, target: path, sizeBytesMax: SOURCE_BYTES_MAX });
  for (const link of packed.leftOut) options.note(`Left out ${link}: it is a link that leads out of ${dir}.`);
  return { path, filename, facts, origin: dir, commit, spec, sha256: packed.sha256, sizeBytes: packed.sizeBytes };
}

async function prepareSdist(path: string, origin: string): Promise<SourceFile> {
  const { size } = await stat(path);
  if (size > SOURCE_BYTES_MAX) {
    throw new CliError(`${path} is refused: ${bytes(size)} is more than ${bytes(SOURCE_BYTES_MAX)}.`);
  }
  const { facts, spec } = await readSdist(path);
  const sha256 = await sha256Of(path);
  return { path, filename: basename(path), facts, origin, commit: null, spec, sha256, sizeBytes: size };
}

async function prepareRelease(
  release: { readonly name: string; readonly version: string },
  workDir: string,
  options: PrepareOptions,
): Promise<SourceFile> {
  // Only here, so that a folder does not pay for what an index needs.
  const { fetchRelease } = await import("../package-index/fetch-release.ts");
  const { env, indexUrl, signal, note } = options;
  const path = await fetchRelease({
    ...release,
    dir: workDir,
    env,
    indexUrl,
    signal,
    note,
    sizeBytesMax: SOURCE_BYTES_MAX,
  });
  return prepareSdist(path, `pypi:${release.name}==${release.version}`);
}

async function readSpecOption(options: PrepareOptions): Promise<{ text: string; file: string } | null> {
  const { specFile } = options;
  if (specFile === null) return null;
  try {
    const text = await readFile(resolve(options.cwd, specFile), "utf8");
    if (Buffer.byteLength(text) > SPEC_BYTES_MAX) throw new Error(`it is larger than ${bytes(SPEC_BYTES_MAX)}`);
    return { text, file: specFile };
  } catch (error) {
    throw new CliError(`The spec ${specFile} cannot be read: ${errorMessage(error)}.`, { cause: error });
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest("hex");
}
