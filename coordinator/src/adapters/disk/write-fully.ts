import type { FileHandle } from "node:fs/promises";

/** Writes all of `chunks`, one after the other, from `position` on; a short write is continued. */
export async function writeFully(handle: FileHandle, chunks: readonly Uint8Array[], position: number): Promise<void> {
  let rest = chunks.filter((chunk) => chunk.byteLength > 0);
  let at = position;
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest, at);
    if (bytesWritten === 0) throw new Error("the file took no bytes, and gave no reason");
    at += bytesWritten;
    rest = dropBytes(rest, bytesWritten);
  }
}

function dropBytes(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let left = bytes;
  let first = 0;
  for (; first < chunks.length; first++) {
    const length = chunks[first]?.byteLength ?? 0;
    if (length > left) break;
    left -= length;
  }
  const [head, ...tail] = chunks.slice(first);
  return head ? [head.subarray(left), ...tail] : [];
}
