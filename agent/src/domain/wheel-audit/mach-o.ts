import { NO_DEVICE_CODE, type BinaryFacts } from "./binary-facts.ts";
import { BinaryFault, BinaryView, type ByteSource } from "./byte-source.ts";

// Apple's "Mach-O File Format Reference" and <mach-o/loader.h>, <mach-o/fat.h>.

const FAT_MAGIC = 0xcafebabe;
const FAT_MAGIC_64 = 0xcafebabf;
const THIN_32 = 0xfeedface;
const THIN_64 = 0xfeedfacf;
/** Java's class files begin as universal binaries do, with a version of 45 or more where these have their count. */
const ARCHITECTURES_MAX = 32;
const COMMANDS_MAX = 5_000;

const MACHINES: Readonly<Record<number, string>> = {
  0x7: "i386",
  0x1000007: "x86_64",
  0xc: "arm",
  0x100000c: "arm64",
};

/** LC_LOAD_DYLIB and its lazy, weak, re-exporting and upward forms. */
const LOADS: ReadonlySet<number> = new Set([0xc, 0x20, 0x80000018, 0x8000001f, 0x80000023]);
const LC_ID_DYLIB = 0xd;
const LC_RPATH = 0x8000001c;
const LC_VERSION_MIN_MACOSX = 0x24;
const LC_BUILD_VERSION = 0x32;

/** Whether the first 8 bytes are those of a Mach-O file. */
export function isMachO(head: Uint8Array): boolean {
  if (head.length < 8) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const magic = view.getUint32(0, false);
  if (magic === FAT_MAGIC || magic === FAT_MAGIC_64) return view.getUint32(4, false) <= ARCHITECTURES_MAX;
  return [magic, view.getUint32(0, true)].some((one) => one === THIN_32 || one === THIN_64);
}

/** Reads a thin or universal Mach-O file; what its architectures say is joined. Throws BinaryFault. */
export function readMachO(source: ByteSource): BinaryFacts {
  const view = new BinaryView(source);
  if (!isMachO(view.bytes(0, Math.min(8, source.sizeBytes)))) {
    throw new BinaryFault("it does not begin as a Mach-O file");
  }
  view.isLittleEndian = false;
  const magic = view.u32(0);
  if (magic !== FAT_MAGIC && magic !== FAT_MAGIC_64) return readThin(view, 0);
  const count = view.u32(4);
  if (count === 0) throw new BinaryFault("it is universal and holds no architecture");
  const slices: BinaryFacts[] = [];
  for (let i = 0; i < count; i++) {
    view.isLittleEndian = false;
    const at = magic === FAT_MAGIC ? view.u32(8 + i * 20 + 8) : view.u64(8 + i * 32 + 8);
    slices.push(readThin(view, at));
  }
  return join(slices);
}

function readThin(view: BinaryView, start: number): BinaryFacts {
  view.isLittleEndian = false;
  const magic = view.u32(start);
  view.isLittleEndian = magic !== THIN_32 && magic !== THIN_64;
  const kind = view.u32(start);
  if (kind !== THIN_32 && kind !== THIN_64) throw new BinaryFault(`there is no Mach-O file at ${start}`);
  const machine = view.u32(start + 4);
  const commands = view.u32(start + 16);
  if (commands > COMMANDS_MAX) throw new BinaryFault(`it has ${commands} load commands, more than ${COMMANDS_MAX}`);
  const needed: string[] = [];
  const rpaths: string[] = [];
  let soname: string | null = null;
  let macos: string | null = null;
  let at = start + (kind === THIN_64 ? 32 : 28);
  for (let i = 0; i < commands; i++) {
    const command = view.u32(at);
    const size = view.u32(at + 4);
    if (size < 8) throw new BinaryFault(`the load command at ${at} has ${size} bytes`);
    const text = (): string => textOf(view, at, size);
    if (LOADS.has(command)) needed.push(text());
    else if (command === LC_ID_DYLIB) soname = text();
    else if (command === LC_RPATH) rpaths.push(text());
    else if (command === LC_VERSION_MIN_MACOSX) macos = versionOf(view.u32(at + 8));
    else if (command === LC_BUILD_VERSION) macos = versionOf(view.u32(at + 12));
    at += size;
  }
  return {
    format: "mach-o",
    machines: [MACHINES[machine] ?? `machine ${machine}`],
    needed,
    soname,
    rpaths,
    symbolVersions: [],
    macos,
    device: NO_DEVICE_CODE,
  };
}

/** A text that a load command points to, counted from its own begin. */
function textOf(view: BinaryView, at: number, size: number): string {
  const offset = view.u32(at + 8);
  if (offset >= size) throw new BinaryFault(`the text of the load command at ${at} lies outside of it`);
  return view.field(at + offset, Math.min(size - offset, 1_024));
}

/** xxxx.yy.zz in nibbles; the third number is left out. */
function versionOf(packed: number): string {
  return `${packed >>> 16}.${(packed >>> 8) & 0xff}`;
}

function join(slices: readonly BinaryFacts[]): BinaryFacts {
  const all = (list: (one: BinaryFacts) => readonly string[]): string[] => [...new Set(slices.flatMap(list))];
  return {
    format: "mach-o",
    machines: all(({ machines }) => machines),
    needed: all(({ needed }) => needed),
    soname: slices.find(({ soname }) => soname !== null)?.soname ?? null,
    rpaths: all(({ rpaths }) => rpaths),
    symbolVersions: [],
    macos: slices.find(({ macos }) => macos !== null)?.macos ?? null,
    device: NO_DEVICE_CODE,
  };
}
