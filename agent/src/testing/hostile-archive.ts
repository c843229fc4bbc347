import { gzipSync } from "node:zlib";
import { Header } from "tar";

export interface ArchiveEntry {
  readonly path: string;
  readonly type?: "File" | "Directory" | "SymbolicLink" | "Link" | "CharacterDevice" | "BlockDevice" | "FIFO";
  /** What its header says; by default that of the content. */
  readonly size?: number;
  readonly linkpath?: string;
  readonly content?: string;
  readonly mtimeMs?: number;
}

/** Writes an archive entry by entry, as no well-meaning packer would. */
export function archive(entries: readonly ArchiveEntry[]): Buffer {
  const blocks: Buffer[] = [];
  for (const { path, type = "File", linkpath = "", content = "", size = content.length, mtimeMs = 0 } of entries) {
    const header = new Header({
      path,
      type,
      linkpath,
      size,
      mode: 0o644,
      mtime: new Date(mtimeMs),
      uid: 0,
      gid: 0,
    });
    const block = Buffer.alloc(512);
    header.encode(block, 0);
    const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
    body.write(content);
    blocks.push(block, body);
  }
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}
