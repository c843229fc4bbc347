import { mkdir } from "node:fs/promises";
import { posix } from "node:path";
import { extract, type ReadEntry } from "tar";

/** Limits on what one source may unpack to. */
const ENTRIES_MAX = 200_000;
const UNPACKED_BYTES_MAX = 4 * 1024 ** 3;

export type UnpackResult =
  /** `newestMtimeMs`: of its newest file, Unix time; null when no file says. */
  | { readonly ok: true; readonly newestMtimeMs: number | null }
  /** `message` says what is wrong with the archive. */
  | { readonly ok: false; readonly message: string };

/**
 * Unpacks a .tar.gz with one top-level folder, as sdists are (PEP 517), so that
 * the contents of that folder come to lie in `target`. Refused are entries with
 * absolute names or "..", links that point outside the folder, and devices: the
 * archive is not trusted. After a failure `target` is to be removed.
 */
export async function unpackSource(archive: string, target: string): Promise<UnpackResult> {
  await mkdir(target, { recursive: true });
  const check = new ArchiveCheck();
  try {
    await extract({
      file: archive,
      cwd: target,
      strip: 1,
      // Owners of files are whoever packed them: not kept, even as root.
      preserveOwner: false,
      filter: (_, entry) => check.admits(entry as ReadEntry),
      onwarn: (code, message) => check.warned(code, message),
    });
  } catch (cause) {
    return {
      ok: false,
      message: `it is no readable .tar.gz: ${cause instanceof Error ? cause.message : String(cause)}`,
    };
  }
  const problem = check.problem();
  return problem === null ? { ok: true, newestMtimeMs: check.newestMtimeMs } : { ok: false, message: problem };
}

class ArchiveCheck {
  #problem: string | null = null;
  #top: string | null = null;
  #entries = 0;
  #bytes = 0;
  #newestMtimeMs: number | null = null;

  get newestMtimeMs(): number | null {
    return this.#newestMtimeMs;
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
    if (++this.#entries > ENTRIES_MAX) return `it has more than ${ENTRIES_MAX} entries`;
    this.#bytes += entry.size;
    if (this.#bytes > UNPACKED_BYTES_MAX) return "it unpacks to more than 4 GiB";
    return this.#problemOfType(entry, path, top);
  }

  #problemOfType(entry: ReadEntry, path: string, top: string): string | null {
    switch (entry.type) {
      case "File":
      case "OldFile":
      case "ContiguousFile":
      case "Directory":
      case "GNUDumpDir":
        return null;
      case "SymbolicLink": {
        const linkpath = entry.linkpath ?? "";
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
