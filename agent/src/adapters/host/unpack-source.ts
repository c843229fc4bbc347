import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdir, realpath } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { join, posix, relative, sep } from "node:path";
import { createGunzip } from "node:zlib";
import { Unpack, type ReadEntry } from "tar";
import { formatBytes } from "../../domain/units.ts";

/** What one source may unpack to. */
export interface SourceLimits {
  readonly entriesMax: number;
  readonly unpackedBytesMax: number;
  /** It may always unpack to this much … */
  readonly freeBytes: number;
  /** … and beyond it to this many times its size: gzip packs zeros 1,032 to 1, sources perhaps 10 to 1. */
  readonly ratioMax: number;
}

const SOURCE_LIMITS: SourceLimits = {
  entriesMax: 200_000,
  unpackedBytesMax: 4 * 1024 ** 3,
  freeBytes: 64 * 1024 ** 2,
  ratioMax: 100,
};

export type UnpackResult =
  /** `newestMtimeMs`: of its newest file, Unix time; null when no file says. */
  | { readonly ok: true; readonly newestMtimeMs: number | null }
  /** `message` says what is wrong with the archive. */
  | { readonly ok: false; readonly message: string };

/**
 * Unpacks a .tar.gz with one top-level folder, as sdists are (PEP 517), so that
 * the contents of that folder come to lie in `target`. Refused are entries with
 * absolute names or "..", links that lead outside the folder, devices, and what
 * unpacks to more than the limits: the archive is not trusted. After a failure
 * `target` is to be removed.
 */
export async function unpackSource(
  archive: string,
  target: string,
  limits: SourceLimits = SOURCE_LIMITS,
): Promise<UnpackResult> {
  await mkdir(target, { recursive: true });
  const check = new ArchiveCheck(limits);
  try {
    await extractInto(archive, target, check);
  } catch (cause) {
    const found = check.found();
    if (found !== null) return { ok: false, message: found };
    return {
      ok: false,
      message: `it is no readable .tar.gz: ${cause instanceof Error ? cause.message : String(cause)}`,
    };
  }
  const problem = check.problem() ?? (await linkToOutside(target, check.links));
  return problem === null ? { ok: true, newestMtimeMs: check.newestMtimeMs } : { ok: false, message: problem };
}

async function extractInto(archive: string, target: string, check: ArchiveCheck): Promise<void> {
  const unpack = new Unpack({
    cwd: target,
    strip: 1,
    // Owners of files are whoever packed them: not kept, even as root.
    preserveOwner: false,
    filter: (_, entry) => check.admits(entry as ReadEntry),
    onwarn: (code, message) => check.warned(code, message),
  });
  // What is still under way after the first error may meet others.
  unpack.on("error", () => undefined);
  const ended = once(unpack, "close");
  // Settled below, also where reading fails first.
  ended.catch(() => undefined);
  const source = createReadStream(archive);
  await pipeline(source, createGunzip(), async (unzipped: AsyncIterable<Buffer>) => {
    for await (const bytes of unzipped) {
      check.unzipped(bytes.length, source.bytesRead);
      // The rest of something that is refused is not even unpacked.
      if (check.found() !== null) break;
      if (!unpack.write(bytes)) await Promise.race([once(unpack, "drain"), ended]);
    }
  });
  unpack.end();
  await ended;
}

/** A link may lead outside by way of other links, which no look at its text can tell. */
async function linkToOutside(target: string, links: readonly string[]): Promise<string | null> {
  const root = await realpath(target);
  for (const link of links) {
    const end = await realpath(join(target, link)).catch(() => null);
    const path = end === null ? "" : relative(root, end);
    if (path === ".." || path.startsWith(`..${sep}`))
      return `${link} leads to outside its folder by way of other links`;
  }
  return null;
}

class ArchiveCheck {
  /** Symbolic links, below the top-level folder. */
  readonly links: string[] = [];
  readonly #limits: SourceLimits;
  #problem: string | null = null;
  #top: string | null = null;
  #entries = 0;
  #bytes = 0;
  #unzippedBytes = 0;
  #newestMtimeMs: number | null = null;

  constructor(limits: SourceLimits) {
    this.#limits = limits;
  }

  get newestMtimeMs(): number | null {
    return this.#newestMtimeMs;
  }

  /** What was wrong so far. */
  found(): string | null {
    return this.#problem;
  }

  problem(): string | null {
    return this.#problem ?? (this.#top === null ? "it is empty" : null);
  }

  warned(code: string, message: string): void {
    if (
      code === "TAR_BAD_ARCHIVE" ||
      code === "TAR_ENTRY_INVALID" ||
      code === "TAR_ENTRY_ERROR" ||
      code === "TAR_ABORT"
    ) {
      this.#problem ??= message;
    }
  }

  /** Takes note of bytes that came out of gzip, of which `packedBytes` were read so far. */
  unzipped(bytes: number, packedBytes: number): void {
    const { freeBytes, ratioMax } = this.#limits;
    this.#unzippedBytes += bytes;
    if (this.#unzippedBytes <= Math.max(freeBytes, packedBytes * ratioMax)) return;
    this.#problem ??= `it unpacks to more than ${ratioMax} times its size`;
  }

  /** Nothing is written once something is wrong. */
  admits(entry: ReadEntry): boolean {
    this.#problem ??= this.#problemOf(entry);
    this.#seeTime(entry);
    return this.#problem === null;
  }

  #seeTime({ mtime, type }: ReadEntry): void {
    if (mtime === undefined || type === "Directory") return;
    const timeMs = mtime.getTime();
    if (Number.isFinite(timeMs)) this.#newestMtimeMs = Math.max(this.#newestMtimeMs ?? timeMs, timeMs);
  }

  #problemOf(entry: ReadEntry): string | null {
    const path = entry.path.replace(/\/+$/, "");
    const parts = path.split("/");
    if (isOutside(path)) return `it has an entry outside its folder: ${path}`;
    const [top = ""] = parts;
    this.#top ??= top;
    if (top !== this.#top) return `it has more than one top-level folder: ${this.#top} and ${top}`;
    if (parts.length === 1 && entry.type !== "Directory") return `${path} is not inside a top-level folder`;
    const { entriesMax, unpackedBytesMax } = this.#limits;
    if (++this.#entries > entriesMax) return `it has more than ${entriesMax} entries`;
    this.#bytes += entry.size;
    if (this.#bytes > unpackedBytesMax) return `it unpacks to more than ${formatBytes(unpackedBytesMax)}`;
    return this.#problemOfType(entry, path, parts);
  }

  #problemOfType(entry: ReadEntry, path: string, parts: readonly string[]): string | null {
    const [top = ""] = parts;
    switch (entry.type) {
      case "File":
      case "OldFile":
      case "ContiguousFile":
      case "Directory":
      case "GNUDumpDir":
        return null;
      case "SymbolicLink": {
        const linkpath = entry.linkpath ?? "";
        this.links.push(parts.slice(1).join("/"));
        const end = posix.normalize(posix.join(posix.dirname(path), linkpath));
        return isAbsolute(linkpath) || !isInside(end, top)
          ? `${path} is a link to outside its folder: ${linkpath}`
          : null;
      }
      case "Link": {
        const linkpath = entry.linkpath ?? "";
        const isBad = isOutside(linkpath) || !isInside(posix.normalize(linkpath), top);
        return isBad ? `${path} is a link to outside its folder: ${linkpath}` : null;
      }
      default:
        return `${path} is a ${entry.type}, which a source has no use for`;
    }
  }
}

function isAbsolute(path: string): boolean {
  return /^(?:[/\\]|[A-Za-z]:)/.test(path);
}

function isOutside(path: string): boolean {
  return path === "" || isAbsolute(path) || path.split(/[/\\]/).includes("..");
}

function isInside(path: string, top: string): boolean {
  return path === top || path.startsWith(`${top}/`);
}
