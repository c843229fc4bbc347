/** What `lines N` prints (agent/README.md), written down once more so that a mistake there does not hide itself. */
export function linesLog(count: number): Buffer {
  const bytes = Buffer.alloc(count * LINE_BYTES);
  for (let index = 0; index < count; index += 1) {
    bytes.write(`line ${String(index + 1).padStart(8, "0")}\n`, index * LINE_BYTES, "latin1");
  }
  return bytes;
}

const LINE_BYTES = 14;
