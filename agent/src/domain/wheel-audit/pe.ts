import type { BinaryFacts, DeviceCode } from "./binary-facts.ts";
import { BinaryFault, BinaryView, type ByteSource } from "./byte-source.ts";
import { FATBIN_SECTIONS, readFatbins, sortArchitectures, type FatbinSection } from "./fatbin.ts";

// Microsoft's "PE Format".

const MACHINES: Readonly<Record<number, string>> = { 0x14c: "win32", 0x8664: "amd64", 0xaa64: "arm64" };
const DIRECTORY_IMPORT = 1;
const DIRECTORY_DELAY_IMPORT = 13;
const SECTION_BYTES = 40;
const LIBRARIES_MAX = 4_096;
/** Windows loads no file with more than 96. */
const SECTIONS_MAX = 1_000;

/** Whether the first bytes are those of a program for DOS, as every PE file begins. */
export function isPe(head: Uint8Array): boolean {
  return head[0] === 0x4d && head[1] === 0x5a;
}

interface Section {
  readonly name: string;
  readonly address: number;
  readonly offset: number;
  readonly fileBytes: number;
}

/** Reads the libraries that a DLL or program imports, delayed ones included, and its device code. Throws BinaryFault. */
export function readPe(source: ByteSource): BinaryFacts {
  const view = new BinaryView(source);
  const header = headerOf(view);
  const optional = header + 24;
  const magic = view.u16(optional);
  if (magic !== 0x10b && magic !== 0x20b) throw new BinaryFault(`its optional header is of the kind ${magic}`);
  const counted = optional + (magic === 0x20b ? 108 : 92);
  const directories = view.u32(counted);
  const sections = readSections(view, header);
  const imports = (index: number, step: number, nameAt: number): string[] => {
    if (index >= directories) return [];
    const address = view.u32(counted + 4 + index * 8);
    return address === 0 ? [] : libraries(view, sections, address, { step, nameAt });
  };
  const machine = view.u16(header + 4);
  return {
    format: "pe",
    machines: [MACHINES[machine] ?? `machine ${machine}`],
    needed: [...imports(DIRECTORY_IMPORT, 20, 12), ...imports(DIRECTORY_DELAY_IMPORT, 32, 4)],
    soname: null,
    rpaths: [],
    symbolVersions: [],
    macos: null,
    device: readDevice(view, sections),
  };
}

function headerOf(view: BinaryView): number {
  if (!isPe(view.bytes(0, 2))) throw new BinaryFault("it does not begin as a PE file");
  const header = view.u32(0x3c);
  if (view.u32(header) !== 0x4550) throw new BinaryFault(`it has no PE header at ${header}`);
  return header;
}

function readSections(view: BinaryView, header: number): readonly Section[] {
  const at = header + 24 + view.u16(header + 20);
  const count = view.u16(header + 6);
  if (count > SECTIONS_MAX) throw new BinaryFault(`it has ${count} sections, more than ${SECTIONS_MAX}`);
  return Array.from({ length: count }, (_, i) => {
    const section = at + i * SECTION_BYTES;
    return {
      name: view.field(section, 8),
      address: view.u32(section + 12),
      fileBytes: view.u32(section + 16),
      offset: view.u32(section + 20),
    };
  });
}

/** The names in a table of descriptors, which ends with one whose name is nowhere. */
function libraries(
  view: BinaryView,
  sections: readonly Section[],
  address: number,
  { step, nameAt }: { readonly step: number; readonly nameAt: number },
): string[] {
  const names: string[] = [];
  for (let at = offsetOf(address, sections); ; at += step) {
    const name = view.u32(at + nameAt);
    if (name === 0) return names;
    names.push(view.text(offsetOf(name, sections)));
    if (names.length > LIBRARIES_MAX) throw new BinaryFault(`it imports more than ${LIBRARIES_MAX} libraries`);
  }
}

function offsetOf(address: number, sections: readonly Section[]): number {
  const section = sections.find((one) => address >= one.address && address - one.address < one.fileBytes);
  if (!section) throw new BinaryFault(`no section of it holds the address ${address}`);
  return section.offset + (address - section.address);
}

/** Where in a PE file its containers of device code are. Throws BinaryFault. */
export function peFatbins(view: BinaryView): readonly FatbinSection[] {
  return fatbinSections(readSections(view, headerOf(view)));
}

function fatbinSections(sections: readonly Section[]): readonly FatbinSection[] {
  return sections
    .filter(({ name }) => FATBIN_SECTIONS.has(name))
    .map(({ offset, fileBytes }) => ({ offset, sizeBytes: fileBytes }));
}

function readDevice(view: BinaryView, sections: readonly Section[]): DeviceCode {
  const found = fatbinSections(sections).map(({ offset, sizeBytes }) => readFatbins(view, offset, sizeBytes));
  return {
    machineCode: sortArchitectures(found.flatMap(({ machineCode }) => machineCode)),
    ptx: sortArchitectures(found.flatMap(({ ptx }) => ptx)),
  };
}
