import { NO_DEVICE_CODE, type BinaryFacts, type DeviceCode } from "./binary-facts.ts";
import { BinaryFault, BinaryView, type ByteSource } from "./byte-source.ts";
import { FATBIN_SECTIONS, readFatbins, sortArchitectures } from "./fatbin.ts";

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
const SHT_NOBITS = 8;
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
const SECTIONS_MAX = 100_000;
/** More than the names that are looked for have. */
const SECTION_NAME_BYTES = 16;

/** Whether the first bytes are those of an ELF file. */
export function isElf(head: Uint8Array): boolean {
  return head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46;
}

/** Reads what the dynamic linker reads, and the sections with device code. Throws BinaryFault. */
export function readElf(source: ByteSource): BinaryFacts {
  const view = new BinaryView(source);
  if (!isElf(view.bytes(0, 4))) throw new BinaryFault("it does not begin as an ELF file");
  const bits = view.u8(4);
  const order = view.u8(5);
  if (bits !== 1 && bits !== 2) throw new BinaryFault(`its ELF class is ${bits}, neither 32 nor 64 bits`);
  if (order !== 1 && order !== 2) throw new BinaryFault(`its byte order is ${order}, which there is not`);
  view.isLittleEndian = order === 1;
  const layout = bits === 2 ? new Layout64(view) : new Layout32(view);
  const dynamic = readDynamic(view, layout);
  return {
    format: "elf",
    machines: [MACHINES[view.u16(18)] ?? `machine ${view.u16(18)}`],
    ...dynamic,
    macos: null,
    device: readDevice(view, layout),
  };
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly fileBytes: number;
}

interface Section {
  readonly name: number;
  readonly type: number;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly link: number;
}

/** Where the two classes of ELF files keep things. */
interface Layout {
  readonly segments: { readonly at: number; readonly size: number; readonly count: number };
  readonly sections: { readonly at: number; readonly size: number; readonly count: number; readonly names: number };
  /** Of an entry of the dynamic section. */
  readonly dynamicBytes: number;
  word(at: number): number;
  /** As a word, which unlike an offset may be any number; null for the largest, none of which has a meaning here. */
  tag(at: number): number | null;
  segment(at: number): Segment;
  section(at: number): Section;
}

class Layout64 implements Layout {
  readonly segments;
  readonly sections;
  readonly dynamicBytes = 16;
  readonly #view: BinaryView;

  constructor(view: BinaryView) {
    this.#view = view;
    this.segments = { at: view.u64(32), size: view.u16(54), count: view.u16(56) };
    this.sections = { at: view.u64(40), size: view.u16(58), count: view.u16(60), names: view.u16(62) };
  }

  word(at: number): number {
    return this.#view.u64(at);
  }

  tag(at: number): number | null {
    return this.#view.u64OrNull(at);
  }

  segment(at: number): Segment {
    const view = this.#view;
    return { type: view.u32(at), offset: view.u64(at + 8), address: view.u64(at + 16), fileBytes: view.u64(at + 32) };
  }

  section(at: number): Section {
    const view = this.#view;
    return {
      name: view.u32(at),
      type: view.u32(at + 4),
      offset: view.u64(at + 24),
      sizeBytes: view.u64(at + 32),
      link: view.u32(at + 40),
    };
  }
}

class Layout32 implements Layout {
  readonly segments;
  readonly sections;
  readonly dynamicBytes = 8;
  readonly #view: BinaryView;

  constructor(view: BinaryView) {
    this.#view = view;
    this.segments = { at: view.u32(28), size: view.u16(42), count: view.u16(44) };
    this.sections = { at: view.u32(32), size: view.u16(46), count: view.u16(48), names: view.u16(50) };
  }

  word(at: number): number {
    return this.#view.u32(at);
  }

  tag(at: number): number {
    return this.#view.u32(at);
  }

  segment(at: number): Segment {
    const view = this.#view;
    return { type: view.u32(at), offset: view.u32(at + 4), address: view.u32(at + 8), fileBytes: view.u32(at + 16) };
  }

  section(at: number): Section {
    const view = this.#view;
    return {
      name: view.u32(at),
      type: view.u32(at + 4),
      offset: view.u32(at + 16),
      sizeBytes: view.u32(at + 20),
      link: view.u32(at + 24),
    };
  }
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
  const { at, size } = layout.sections;
  if (at === 0) return NO_DEVICE_CODE;
  let { count, names } = layout.sections;
  // Where the numbers do not fit, the first section carries them.
  const zero = layout.section(at);
  if (count === 0) count = zero.sizeBytes;
  if (names === 0xffff) names = zero.link;
  if (count > SECTIONS_MAX) throw new BinaryFault(`it has ${count} sections, more than ${SECTIONS_MAX}`);
  if (names >= count) return NO_DEVICE_CODE;
  const texts = layout.section(at + names * size).offset;
  const found: DeviceCode[] = [];
  for (let i = 1; i < count; i++) {
    const section = layout.section(at + i * size);
    if (section.type === SHT_NOBITS || !FATBIN_SECTIONS.has(view.field(texts + section.name, SECTION_NAME_BYTES)))
      continue;
    found.push(readFatbins(view, section.offset, section.sizeBytes));
  }
  return {
    machineCode: sortArchitectures(found.flatMap(({ machineCode }) => machineCode)),
    ptx: sortArchitectures(found.flatMap(({ ptx }) => ptx)),
  };
}
