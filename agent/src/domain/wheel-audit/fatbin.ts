import { BinaryFault, type BinaryView } from "./byte-source.ts";
import type { DeviceCode } from "./binary-facts.ts";

/*
 * NVIDIA publishes no description of fat binaries. What follows was found in
 * the output of nvcc 13.0 for many -gencode options, compressed in each way and
 * not, of fatbinary 11.8, and in a library made with CUDA 12.9 for Windows, and
 * agrees with what cuobjdump lists. A section holds containers, each of a header
 *
 *   0  u32  0xBA55ED50
 *   4  u16  version, 1
 *   6  u16  size of this header, 16
 *   8  u64  size of the entries after it
 *
 * and entries, one behind the other, each of a header and its code:
 *
 *   0  u16  kind: 1 PTX, 2 machine code (an ELF file)
 *   4  u32  size of this header, 64 or more
 *   8  u64  size of the code, which may be compressed
 *  16  u32  size of the compressed code, without padding
 *  28  u32  SM architecture, 80
 *  40  u64  flags: bit 13 for code compressed as an LZ4 block, bit 15 as Zstandard, bit 20 for
 *           90a ("architecture-specific"), bit 21 for 100f ("family-specific")
 *  56  u64  size of the code when it is expanded
 */

const MAGIC = 0xba55ed50;
const CONTAINER_HEADER_BYTES = 16;
const ENTRY_HEADER_BYTES = 64;
const KIND_PTX = 1;
const KIND_MACHINE_CODE = 2;
const FLAG_LZ4 = 1 << 13;
const FLAG_ZSTD = 1 << 15;
const FLAG_ARCHITECTURE = 1 << 20;
const FLAG_FAMILY = 1 << 21;
/** Between containers is nothing but padding; Windows' linker aligns to 4. */
const ALIGNMENT_BYTES = 4;
const SM_MAX = 9_999;

/** Names of the sections that hold containers: ELF's, and PE's, which are cut to 8 characters. */
export const FATBIN_SECTIONS: ReadonlySet<string> = new Set([".nv_fatbin", ".nv_fatb"]);

/** A part of a file that holds containers. */
export interface FatbinSection {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** One entry: code for one architecture. */
export interface FatbinImage {
  readonly kind: "ptx" | "machine-code";
  /** "80", "90a". */
  readonly architecture: string;
  /** Number of its container in the section: the driver takes one image of each. */
  readonly container: number;
  /** Where in the file the code is, as it is stored. */
  readonly offset: number;
  readonly sizeBytes: number;
  readonly compression: { readonly method: "lz4" | "zstd"; readonly expandedBytes: number } | null;
}

/** The device code in the part of a file that begins at `start`. Throws BinaryFault. */
export function readFatbins(view: BinaryView, start: number, length: number): DeviceCode {
  const machineCode = new Set<string>();
  const ptx = new Set<string>();
  for (const { kind, architecture } of fatbinImages(view, { offset: start, sizeBytes: length })) {
    (kind === "ptx" ? ptx : machineCode).add(architecture);
  }
  return { machineCode: sortArchitectures(machineCode), ptx: sortArchitectures(ptx) };
}

/** Every PTX and machine code in a section. Throws BinaryFault. */
export function* fatbinImages(view: BinaryView, section: FatbinSection): Generator<FatbinImage> {
  const end = section.offset + section.sizeBytes;
  let at = section.offset;
  for (let container = 0; at + CONTAINER_HEADER_BYTES <= end;) {
    if (view.u32(at) !== MAGIC) {
      at += ALIGNMENT_BYTES;
      continue;
    }
    const headerBytes = view.u16(at + 6);
    const next = at + headerBytes + view.u64(at + 8);
    if (headerBytes < CONTAINER_HEADER_BYTES || next > end) {
      throw new BinaryFault(`the container of device code at ${at} does not fit into its section`);
    }
    yield* imagesOf(view, at + headerBytes, next, container);
    container += 1;
    at = next;
  }
}

function* imagesOf(view: BinaryView, start: number, end: number, container: number): Generator<FatbinImage> {
  let at = start;
  while (at < end) {
    if (at + ENTRY_HEADER_BYTES > end) throw new BinaryFault(`the device code at ${at} is cut off`);
    const headerBytes = view.u32(at + 4);
    const storedBytes = view.u64(at + 8);
    const next = at + headerBytes + storedBytes;
    if (headerBytes < ENTRY_HEADER_BYTES || next > end) {
      throw new BinaryFault(`the device code at ${at} does not fit into its container`);
    }
    const kind = view.u16(at);
    if (kind === KIND_MACHINE_CODE || kind === KIND_PTX) {
      const flags = view.u32(at + 40);
      const method = (flags & FLAG_ZSTD) !== 0 ? "zstd" : (flags & FLAG_LZ4) !== 0 ? "lz4" : null;
      yield {
        kind: kind === KIND_PTX ? "ptx" : "machine-code",
        architecture: architectureAt(view, at),
        container,
        offset: at + headerBytes,
        sizeBytes: method === null ? storedBytes : Math.min(storedBytes, view.u32(at + 16)),
        compression: method && { method, expandedBytes: view.u64OrNull(at + 56) ?? Infinity },
      };
    }
    at = next;
  }
}

function architectureAt(view: BinaryView, at: number): string {
  const sm = view.u32(at + 28);
  if (sm > SM_MAX) throw new BinaryFault(`the device code at ${at} is for SM ${sm}, which there is not`);
  const flags = view.u32(at + 40);
  return `${sm}${(flags & FLAG_ARCHITECTURE) !== 0 ? "a" : (flags & FLAG_FAMILY) !== 0 ? "f" : ""}`;
}

/** "80", "90", "90a", "100f": by number, then by suffix; each once. */
export function sortArchitectures(architectures: Iterable<string>): string[] {
  return [...new Set(architectures)].sort(
    (a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : Number(a > b)),
  );
}
