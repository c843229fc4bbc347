import { BinaryFault } from "../wheel-audit/byte-source.ts";

const MATCH_MIN = 4;
/** Of a length in four bits: bytes that add to it follow. */
const LENGTH_GOES_ON = 15;

/**
 * Expands an LZ4 block ("LZ4 Block Format Description") of a known size, as
 * fatbinary makes them. O(expandedBytes). Throws BinaryFault.
 */
export function expandLz4(block: Uint8Array, expandedBytes: number): Uint8Array {
  const out = new Uint8Array(expandedBytes);
  let at = 0;
  let to = 0;
  const byte = (): number => {
    const value = block[at++];
    if (value === undefined) throw new BinaryFault("its compressed device code is cut off");
    return value;
  };
  const length = (bits: number): number => {
    let total = bits;
    for (let more = bits === LENGTH_GOES_ON ? 255 : 0; more === 255; total += more) more = byte();
    return total;
  };
  while (at < block.length) {
    const token = byte();
    const literals = length(token >> 4);
    if (at + literals > block.length || to + literals > out.length) {
      throw new BinaryFault("its compressed device code does not fit");
    }
    out.set(block.subarray(at, at + literals), to);
    at += literals;
    to += literals;
    // The last sequence has literals only.
    if (at === block.length) break;
    const distance = byte() | (byte() << 8);
    const matched = length(token & 15) + MATCH_MIN;
    if (distance === 0 || distance > to || to + matched > out.length) {
      throw new BinaryFault("its compressed device code refers to what is not there");
    }
    // Byte by byte: a match may overlap what it makes.
    for (const end = to + matched; to < end; to++) out[to] = out[to - distance] ?? 0;
  }
  if (to !== out.length) throw new BinaryFault(`its compressed device code has ${to} bytes, not ${out.length}`);
  return out;
}
