/** Writes a protobuf varint (base 128, least significant group first), up to 2 ** 53; returns where it ends. */
export function varint(buffer: Buffer, start: number, value: number): number {
  let at = start;
  let left = value;
  while (left >= 0x80) {
    buffer[at++] = (left % 0x80) | 0x80;
    left = Math.floor(left / 0x80);
  }
  buffer[at++] = left;
  return at;
}

/** Bytes that `varint` writes. */
export function varintLength(value: number): number {
  let length = 1;
  for (let left = value; left >= 0x80; left = Math.floor(left / 0x80)) length++;
  return length;
}
