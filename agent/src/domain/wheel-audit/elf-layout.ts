import { BinaryFault, type BinaryView } from "./byte-source.ts";

// The System V ABI's ELF ("Object Files").

export const SHT_NOBITS = 8;
const SECTIONS_MAX = 100_000;

/** Whether the first bytes are those of an ELF file. */
export function isElf(head: Uint8Array): boolean {
  return head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46;
}

export interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly fileBytes: number;
}

export interface Section {
  readonly name: number;
  readonly type: number;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly link: number;
  readonly info: number;
}

/** Where the two classes of ELF files keep things. */
export interface Layout {
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
      info: view.u32(at + 44),
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
      info: view.u32(at + 28),
    };
  }
}

/** The layout of an ELF file, whose byte order `view` then has. Throws BinaryFault. */
export function readLayout(view: BinaryView): Layout {
  if (!isElf(view.bytes(0, 4))) throw new BinaryFault("it does not begin as an ELF file");
  const bits = view.u8(4);
  const order = view.u8(5);
  if (bits !== 1 && bits !== 2) throw new BinaryFault(`its ELF class is ${bits}, neither 32 nor 64 bits`);
  if (order !== 1 && order !== 2) throw new BinaryFault(`its byte order is ${order}, which there is not`);
  view.isLittleEndian = order === 1;
  return bits === 2 ? new Layout64(view) : new Layout32(view);
}

/** A section, and where in the file its name is. */
export interface NamedSection extends Section {
  readonly nameAt: number;
}

/** All sections but the first, which is none; none where their names are gone. Throws BinaryFault. */
export function readSections(layout: Layout): readonly NamedSection[] {
  const { at, size } = layout.sections;
  if (at === 0) return [];
  let { count, names } = layout.sections;
  // Where the numbers do not fit, the first section carries them.
  const zero = layout.section(at);
  if (count === 0) count = zero.sizeBytes;
  if (names === 0xffff) names = zero.link;
  if (count > SECTIONS_MAX) throw new BinaryFault(`it has ${count} sections, more than ${SECTIONS_MAX}`);
  if (names >= count) return [];
  const texts = layout.section(at + names * size).offset;
  const sections: NamedSection[] = [];
  for (let i = 1; i < count; i++) {
    const section = layout.section(at + i * size);
    sections.push({ ...section, nameAt: texts + section.name });
  }
  return sections;
}
