import { BinaryFault, type BinaryView } from "./byte-source.ts";
import type { DeviceCode } from "./binary-facts.ts";

/*
 * NVIDIA publishes no description of fat binaries. What follows was found in
 * the output of nvcc 13.0 for many -gencode options, compressed in each way and
 * not, and in a library made with CUDA 12.9 for Windows, and agrees with what
 * cuobjdump lists. A section holds containers, each of a header
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
 *  28  u32  SM architecture, 80
 *  40  u64  flags: bit 20 for 90a ("architecture-specific"), bit 21 for 100f ("family-specific")
 */

const MAGIC = 0xba55ed50;
const CONTAINER_HEADER_BYTES = 16;
const ENTRY_HEADER_BYTES = 64;
const KIND_PTX = 1;
const KIND_MACHINE_CODE = 2;
const FLAG_ARCHITECTURE = 1 << 20;
const FLAG_FAMILY = 1 << 21;
/** Between containers is nothing but padding; Windows' linker aligns to 4. */
const ALIGNMENT_BYTES = 4;
const SM_MAX = 9_999;

/** Names of the sections that hold containers: ELF's, and PE's, which are cut to 8 characters. */
export const FATBIN_SECTIONS: ReadonlySet<string> = new Set([".nv_fatbin", ".nv_fatb"]);

/** The device code in the part of a file that begins at `start`. Throws BinaryFault. */
export function readFatbins(view: BinaryView, start: number, length: number): DeviceCode {
  const machineCode = new Set<string>();
  const ptx = new Set<string>();
  const end = start + length;
  let at = start;
  while (at + CONTAINER_HEADER_BYTES <= end) {
    if (view.u32(at) !== MAGIC) {
      at += ALIGNMENT_BYTES;
      continue;
    }
    const headerBytes = view.u16(at + 6);
    const next = at + headerBytes + view.u64(at + 8);
    if (headerBytes < CONTAINER_HEADER_BYTES || next > end) {
      throw new BinaryFault(`the container of device code at ${at} does not fit into its section`);
    }
    readEntries(view, at + headerBytes, next, { machineCode, ptx });
    at = next;
  }
  return { machineCode: sortArchitectures(machineCode), ptx: sortArchitectures(ptx) };
}

function readEntries(
  view: BinaryView,
  start: number,
  end: number,
  found: { readonly machineCode: Set<string>; readonly ptx: Set<string> },
): void {
  let at = start;
  while (at < end) {
    if (at + ENTRY_HEADER_BYTES > end) throw new BinaryFault(`the device code at ${at} is cut off`);
    const headerBytes = view.u32(at + 4);
    const next = at + headerBytes + view.u64(at + 8);
    if (headerBytes < ENTRY_HEADER_BYTES || next > end) {
      throw new BinaryFault(`the device code at ${at} does not fit into its container`);
    }
    const kind = view.u16(at);
    if (kind === KIND_MACHINE_CODE) found.machineCode.add(architectureAt(view, at));
    else if (kind === KIND_PTX) found.ptx.add(architectureAt(view, at));
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
