import type { BinaryFacts, DeviceCode } from "./binary-facts.ts";
import { BinaryFault, BinaryView, type ByteSource } from "./byte-source.ts";
import { readLayout, readSections, SHT_NOBITS, type Layout, type Segment } from "./elf-layout.ts";
import { FATBIN_SECTIONS, readFatbins, sortArchitectures, type FatbinSection } from "./fatbin.ts";

// The System V ABI's ELF ("Object Files", "Program Loading and Dynamic Linking")
// and the Linux Standard Base's symbol versions.

const MACHINES: Readonly<Record<number, string>> = {
  3: "i686",
  20: "ppc",
  21: "ppc64le",
  22: "s390x",
  40: "armv7l",
  62: "x86_64",
  183: "aarch64",
  243: "riscv64",
  258: "loongarch64",
};

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT = {
  null: 0,
  needed: 1,
  strtab: 5,
  soname: 14,
  rpath: 15,
  runpath: 29,
  verneed: 0x6ffffffe,
  verneednum: 0x6fffffff,
} as const;
const TAGS: ReadonlySet<number> = new Set(Object.values(DT));
/** Of a dynamic section, or of versions of symbols. */
const ENTRIES_MAX = 20_000;
/** More than the names that are looked for have. */
const SECTION_NAME_BYTES = 16;

/** Reads what the dynamic linker reads, and the sections with device code. Throws BinaryFault. */
export function readElf(source: ByteSource): BinaryFacts {
  const view = new BinaryView(source);
  const layout = readLayout(view);
  const dynamic = readDynamic(view, layout);
  return {
    format: "elf",
    machines: [MACHINES[view.u16(18)] ?? `machine ${view.u16(18)}`],
    ...dynamic,
    macos: null,
    device: readDevice(view, layout),
  };
}

type Dynamic = Pick<BinaryFacts, "needed" | "soname" | "rpaths" | "symbolVersions">;

/** By the segments, as the dynamic linker does: tools may have removed the names of sections. */
function readDynamic(view: BinaryView, layout: Layout): Dynamic {
  const { at, size, count } = layout.segments;
  const segments: Segment[] = [];
  for (let i = 0; i < count; i++) segments.push(layout.segment(at + i * size));
  const table = segments.find(({ type }) => type === PT_DYNAMIC);
  if (!table || table.fileBytes === 0) return { needed: [], soname: null, rpaths: [], symbolVersions: [] };

  const entries = dynamicEntries(layout, table);
  const first = (tag: number): number | null => entries.find(([one]) => one === tag)?.[1] ?? null;
  const strings = first(DT.strtab);
  const texts = (...tags: number[]): string[] => {
    if (strings === null) return [];
    const start = offsetOf(strings, segments);
    return entries.filter(([tag]) => tags.includes(tag)).map(([, value]) => view.text(start + value));
  };
  const verneed = first(DT.verneed);
  return {
    needed: texts(DT.needed),
    soname: texts(DT.soname)[0] ?? null,
    rpaths: texts(DT.rpath, DT.runpath).flatMap((text) => text.split(":").filter((entry) => entry !== "")),
    symbolVersions:
      verneed === null || strings === null
        ? []
        : neededVersions(
            view,
            { at: offsetOf(verneed, segments), count: first(DT.verneednum) ?? 0 },
            offsetOf(strings, segments),
          ),
  };
}

function dynamicEntries(layout: Layout, table: Segment): (readonly [tag: number, value: number])[] {
  const entries: (readonly [number, number])[] = [];
  const count = Math.min(ENTRIES_MAX, Math.floor(table.fileBytes / layout.dynamicBytes));
  for (let i = 0; i < count; i++) {
    const at = table.offset + i * layout.dynamicBytes;
    const tag = layout.tag(at);
    if (tag === DT.null) break;
    // Values of tags that are not read here may be any number.
    if (tag !== null && TAGS.has(tag)) entries.push([tag, layout.word(at + layout.dynamicBytes / 2)]);
  }
  return entries;
}

function offsetOf(address: number, segments: readonly Segment[]): number {
  const segment = segments.find(
    (one) => one.type === PT_LOAD && address >= one.address && address - one.address < one.fileBytes,
  );
  if (!segment) throw new BinaryFault(`no segment of it holds the address ${address}`);
  return segment.offset + (address - segment.address);
}

/** Linux Standard Base, "Symbol Versioning": a chain of libraries, each with a chain of versions. */
function neededVersions(
  view: BinaryView,
  chain: { readonly at: number; readonly count: number },
  strings: number,
): string[] {
  const versions = new Set<string>();
  let entries = 0;
  const count = (): void => {
    if (++entries > ENTRIES_MAX) throw new BinaryFault(`it needs more than ${ENTRIES_MAX} versions of symbols`);
  };
  let { at } = chain;
  for (let left = chain.count; left > 0; left--) {
    count();
    let aux = at + view.u32(at + 8);
    for (let auxLeft = view.u16(at + 2); auxLeft > 0; auxLeft--) {
      count();
      versions.add(view.text(strings + view.u32(aux + 8)));
      const next = view.u32(aux + 12);
      if (next === 0) break;
      aux += next;
    }
    const next = view.u32(at + 12);
    if (next === 0) break;
    at += next;
  }
  return [...versions].sort();
}

function readDevice(view: BinaryView, layout: Layout): DeviceCode {
  const found = fatbinSections(view, layout).map(({ offset, sizeBytes }) => readFatbins(view, offset, sizeBytes));
  return {
    machineCode: sortArchitectures(found.flatMap(({ machineCode }) => machineCode)),
    ptx: sortArchitectures(found.flatMap(({ ptx }) => ptx)),
  };
}

/** Where in an ELF file its containers of device code are. Throws BinaryFault. */
export function elfFatbins(view: BinaryView): readonly FatbinSection[] {
  return fatbinSections(view, readLayout(view));
}

function fatbinSections(view: BinaryView, layout: Layout): readonly FatbinSection[] {
  return readSections(layout).filter(
    ({ type, nameAt }) => type !== SHT_NOBITS && FATBIN_SECTIONS.has(view.field(nameAt, SECTION_NAME_BYTES)),
  );
}
