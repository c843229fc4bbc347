import type { SeededRandom } from "../../farm/seeded-random.ts";

const RANDOM_BYTES_MAX = 200;
const REPEATS_MAX = 2_000;

type Mutation = (random: SeededRandom, bytes: Buffer) => Buffer;

const place = (random: SeededRandom, bytes: Buffer): number => random.integer(0, bytes.length);

function randomBytes(random: SeededRandom): Buffer {
  return Buffer.from(Array.from({ length: random.integer(1, RANDOM_BYTES_MAX) }, () => random.integer(0, 255)));
}

const MUTATIONS: readonly Mutation[] = [
  // A bit turned over.
  (random, bytes) => {
    const copy = Buffer.from(bytes);
    const at = random.integer(0, Math.max(0, copy.length - 1));
    if (copy.length > 0) copy[at] = (copy[at] ?? 0) ^ (1 << random.integer(0, 7));
    return copy;
  },
  // The end is missing.
  (random, bytes) => bytes.subarray(0, place(random, bytes)),
  // Bytes from nowhere, in the middle or instead.
  (random, bytes) => {
    const at = place(random, bytes);
    return Buffer.concat([bytes.subarray(0, at), randomBytes(random), bytes.subarray(at)]);
  },
  (random) => randomBytes(random),
  // A piece again and again: fields that occur once occur often.
  (random, bytes) => {
    const at = place(random, bytes);
    const piece = bytes.subarray(at, at + random.integer(1, 20));
    const times = Array.from({ length: random.integer(1, REPEATS_MAX) }, () => piece);
    return Buffer.concat([bytes.subarray(0, at), ...times, bytes.subarray(at)]);
  },
  // A varint of the largest size: a length, a number or a tag that cannot be.
  (random, bytes) => {
    const at = place(random, bytes);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from("ffffffffffffffffff01", "hex"), bytes.subarray(at + 1)]);
  },
  // A group that is never closed, deep down.
  (random, bytes) => Buffer.concat([bytes, Buffer.alloc(random.integer(1, REPEATS_MAX), 0x0b)]),
];

/** A valid message after one to three of these. */
export function mutateBytes(random: SeededRandom, valid: Uint8Array): Buffer {
  let bytes = Buffer.from(valid);
  for (let left = random.integer(1, 3); left > 0; left -= 1) {
    const mutation = MUTATIONS[random.integer(0, MUTATIONS.length - 1)] as Mutation;
    bytes = Buffer.from(mutation(random, bytes));
  }
  return bytes;
}
