import type { BinaryFacts } from "./binary-facts.ts";
import { BinaryView, type ByteSource } from "./byte-source.ts";
import { elfFatbins, readElf } from "./elf.ts";
import { isElf } from "./elf-layout.ts";
import { fatbinImages, type FatbinImage } from "./fatbin.ts";
import { isMachO, readMachO } from "./mach-o.ts";
import { isPe, peFatbins, readPe } from "./pe.ts";

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

/** The device code in a file, section by section; none where it is no library of Linux or Windows. Throws BinaryFault. */
export function readImages(source: ByteSource): readonly (readonly FatbinImage[])[] {
  const head = source.read(0, Math.min(BINARY_HEAD_BYTES, source.sizeBytes));
  const view = new BinaryView(source);
  const sections = isElf(head) ? elfFatbins(view) : isPe(head) ? peFatbins(view) : [];
  return sections.map((section) => [...fatbinImages(view, section)]);
}
