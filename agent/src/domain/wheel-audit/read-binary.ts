import type { BinaryFacts } from "./binary-facts.ts";
import type { ByteSource } from "./byte-source.ts";
import { isElf, readElf } from "./elf.ts";
import { isMachO, readMachO } from "./mach-o.ts";
import { isPe, readPe } from "./pe.ts";

/** How many first bytes `isBinary` looks at. */
export const BINARY_HEAD_BYTES = 8;

/** Whether a file may be a binary of any system; programs for DOS are none, which only reading finds out. */
export function isBinary(head: Uint8Array): boolean {
  return isElf(head) || isMachO(head) || isPe(head);
}

/** Reads a file for which `isBinary` holds. Throws BinaryFault. */
export function readBinary(source: ByteSource): BinaryFacts {
  const head = source.read(0, Math.min(BINARY_HEAD_BYTES, source.sizeBytes));
  if (isElf(head)) return readElf(source);
  return isMachO(head) ? readMachO(source) : readPe(source);
}
