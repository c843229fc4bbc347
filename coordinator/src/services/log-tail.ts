import type { AttemptKey } from "../domain/attempt-key.ts";
import type { LogStore } from "../ports/log-store.ts";

const BLOCK_BYTES = 64 * 1024;
/** How far back lines are looked for; lines longer than this make the tail shorter. */
export const TAIL_BYTES_MAX = 16 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * Where the last `lines` lines of a log of `endBytes` begin, read from its end in
 * blocks: what it costs depends on the lines, not on the log. The last line counts
 * whether or not it is complete.
 */
export async function startOfTail(
  logs: Pick<LogStore, "read">,
  key: AttemptKey,
  endBytes: number,
  lines: number,
): Promise<number> {
  const floor = Math.max(0, endBytes - TAIL_BYTES_MAX);
  let left = lines;
  for (let end = endBytes; end > floor;) {
    const start = Math.max(floor, end - BLOCK_BYTES);
    const block = Buffer.from(await logs.read(key, start, end - start));
    // The newline that ends the last line begins no other.
    for (let at = end === endBytes ? block.length - 2 : block.length - 1; at >= 0; at--) {
      at = block.lastIndexOf(NEWLINE, at);
      if (at < 0) break;
      if (--left === 0) return start + at + 1;
    }
    end = start;
  }
  return floor;
}
