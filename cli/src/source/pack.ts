import { createWriteStream } from "node:fs";
import { lstat, open, readlink } from "node:fs/promises";
import { createHash } from "node:crypto";
import { dirname, join, relative, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { Header, Pax } from "tar";
import { CliError } from "../program/cli-error.ts";
import { bytes } from "../render/bytes.ts";

export interface PackOptions {
  readonly dir: string;
  /** Paths relative to `dir`, with `/`, in the order they are to have. */
  readonly paths: readonly string[];
  /** Name of the one folder that everything is in. */
  readonly topFolder: string;
  /** The .tar.gz to write. */
  readonly target: string;
  /** Most bytes of files. */
  readonly sizeBytesMax: number;
}

export interface Packed {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly files: number;
  /** Symbolic links that lead out of the folder, and are left out. */
  readonly leftOut: readonly string[];
}

/** 1980-01-01, the oldest time that every archive format has: equal sources make equal bytes. */
const MTIME = new Date(Date.UTC(1980, 0, 1));
const BLOCK = 512;
const CHUNK_BYTES = 256 * 1024;

/**
 * Packs files as a .tar.gz (POSIX pax) that depends on nothing but their
 * paths, their bytes and whether they may be executed. Throws a CliError
 * when they are larger than `sizeBytesMax` together.
 */
export async function pack(options: PackOptions): Promise<Packed> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  const state: PackState = { files: 0, bytes: 0, leftOut: [], largest: [] };
  // Level 6 and no name or time in the gzip header: zlib's defaults, which Node leaves as they are.
  await pipeline(
    tarBlocks(options, state),
    createGzip({ level: 6 }),
    async function* (zipped: AsyncIterable<Buffer>) {
      for await (const chunk of zipped) {
        hash.update(chunk);
        sizeBytes += chunk.length;
        yield chunk;
      }
    },
    createWriteStream(options.target, { mode: 0o600 }),
  );
  return { sha256: hash.digest("hex"), sizeBytes, files: state.files, leftOut: state.leftOut };
}

interface PackState {
  files: number;
  bytes: number;
  readonly leftOut: string[];
  largest: { readonly path: string; readonly size: number }[];
}

async function* tarBlocks(options: PackOptions, state: PackState): AsyncGenerator<Buffer> {
  for (const path of options.paths) {
    const absolute = join(options.dir, path);
    const stats = await lstat(absolute);
    const name = `${options.topFolder}/${path}`;
    if (stats.isSymbolicLink()) {
      const target = await readlink(absolute);
      if (leadsOut(options.dir, absolute, target)) state.leftOut.push(path);
      else
        yield* header({
          path: name,
          type: "SymbolicLink",
          linkpath: target.replaceAll(sep, "/"),
          size: 0,
          mode: 0o777,
        });
      continue;
    }
    if (!stats.isFile()) continue;
    state.files += 1;
    state.bytes += stats.size;
    state.largest = [...state.largest, { path, size: stats.size }].toSorted((a, b) => b.size - a.size).slice(0, 3);
    if (state.bytes > options.sizeBytesMax) throw tooLarge(options, state);
    const mode = (stats.mode & 0o111) === 0 ? 0o644 : 0o755;
    yield* header({ path: name, type: "File", size: stats.size, mode });
    yield* content(absolute, stats.size);
  }
  yield Buffer.alloc(BLOCK * 2);
}

type Entry = ConstructorParameters<typeof Pax>[0] & { readonly path: string; readonly size: number };

function* header(entry: Entry): Generator<Buffer> {
  const data = { ...entry, mtime: MTIME, uid: 0, gid: 0, uname: "", gname: "" };
  const block = new Header(data);
  const { path, linkpath, size } = entry;
  if (block.encode()) {
    // Too long, or not ASCII: the whole values go before it. Only those, so that nothing of this machine does.
    yield new Pax({ path, size, ...(linkpath === undefined ? {} : { linkpath }) }).encode();
  }
  if (block.block === undefined) throw new Error(`no header was made for ${path}`);
  yield block.block;
}

async function* content(path: string, size: number): AsyncGenerator<Buffer> {
  await using file = await open(path, "r");
  let left = size;
  while (left > 0) {
    const buffer = Buffer.alloc(Math.min(CHUNK_BYTES, left));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, size - left);
    if (bytesRead === 0) throw new CliError(`${path} became shorter while it was packed.`, { advice: "Submit again." });
    yield buffer.subarray(0, bytesRead);
    left -= bytesRead;
  }
  const rest = size % BLOCK;
  if (rest !== 0) yield Buffer.alloc(BLOCK - rest);
}

function leadsOut(dir: string, link: string, target: string): boolean {
  const path = relative(dir, resolve(dirname(link), target));
  return path === ".." || path.startsWith(`..${sep}`) || resolve(path) === path;
}

function tooLarge(options: PackOptions, state: PackState): CliError {
  const largest = state.largest.map(({ path, size }) => `${path} (${bytes(size)})`).join(", ");
  return new CliError(
    `${options.dir} is refused: its files are more than ${bytes(options.sizeBytesMax)}. The largest so far: ${largest}.`,
    { advice: "Leave out what is not source (a .gitignore counts), or submit an sdist." },
  );
}
