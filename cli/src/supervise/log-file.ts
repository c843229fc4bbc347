import { copyFile, mkdir, open, rename, stat, truncate, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { plainText } from "../render/plain-text.ts";

/** A log that is larger than this is put aside as `NAME.1`, of which there is one. */
export const LOG_BYTES_MAX = 10 * 1024 * 1024;
const TAIL_BYTES = 8 * 1024;

/** Opens a child's log for appending, the old one put aside when it is large. The child writes to it directly. */
export async function openLog(path: string, bytesMax = LOG_BYTES_MAX): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if ((await sizeOf(path)) > bytesMax) await rename(path, `${path}.1`);
  return open(path, "a", 0o600);
}

/**
 * Puts aside what a running child has written. It keeps its open file, so
 * that is copied and emptied; a line written in between may be lost.
 */
export async function trimLog(path: string, bytesMax = LOG_BYTES_MAX): Promise<void> {
  if ((await sizeOf(path)) <= bytesMax) return;
  await copyFile(path, `${path}.1`);
  await truncate(path, 0);
}

/** The last lines of a log, from `fromByte` on, safe to print. */
export async function lastLines(path: string, linesMax: number, fromByte = 0): Promise<readonly string[]> {
  const size = await sizeOf(path);
  const start = Math.max(size - TAIL_BYTES, Math.min(fromByte, size));
  if (size === start) return [];
  await using file = await open(path, "r");
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
  const lines = plainText(buffer.toString("utf8", 0, bytesRead))
    .split("\n")
    .filter((line) => line.trim() !== "");
  return lines.slice(-linesMax);
}

export async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}
