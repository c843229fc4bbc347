import { BinaryFault, BinaryView, bytesSource } from "../wheel-audit/byte-source.ts";
import { readLayout, readSections, SHT_NOBITS, type NamedSection } from "../wheel-audit/elf-layout.ts";

/*
 * Machine code of NVIDIA's GPUs is an ELF file. For each function F it has
 * `.text.F`, whose sh_info has the number of registers in its highest byte;
 * where a relocation is left, `.rel.text.F` or `.rela.text.F`; for a kernel
 * `.nv.constant0.F`, its parameters, and further `.nv.constantN.F`. Data of all
 * functions are `.nv.constantN` and `.nv.global.init`. (CUDA Binary Utilities
 * shows these by name; what they hold was found in the output of nvcc 13.0
 * and of ptxas 11.8.)
 */

const SHT_RELA = 4;
const MACHINE_CUDA = 190;
/** Names of templates' instances may be long. */
const NAME_BYTES_MAX = 64 * 1024;
const SYMBOL_BYTES = 24;
const SHARED_DATA = /^\.nv\.(?:constant\d+|global\.init)$/;
const FUNCTION = /^\.text\.(?<symbol>.+)$/s;

/** What of a cubin makes one kernel what it is: equal parts are an unchanged kernel. */
export interface KernelCode {
  /** `_Z5scaleIfEvPT_S0_`. */
  readonly symbol: string;
  /** Each with what it is; the kernel's own name is in none of them. */
  readonly parts: readonly { readonly label: string; readonly bytes: Uint8Array }[];
}

/**
 * The kernels of a cubin whose symbols are wanted. To the code of a kernel
 * belong its constants, its number of registers, data that the cubin's kernels
 * share, and, where it refers to something by a relocation, to what, and the
 * functions that it may call. So an equal kernel is equal whatever the rest of
 * the file is, and a kernel that may behave differently is never equal.
 * Throws BinaryFault.
 */
export function readKernels(cubin: Uint8Array, wanted: ReadonlySet<string>): readonly KernelCode[] {
  const view = new BinaryView(bytesSource(cubin));
  const layout = readLayout(view);
  if (view.u16(18) !== MACHINE_CUDA) throw new BinaryFault(`machine ${view.u16(18)} is no GPU of NVIDIA`);
  const all = readSections(layout);
  const sections = new Map(all.map((section) => [view.field(section.nameAt, NAME_BYTES_MAX), section]));
  const bytesOf = ({ type, offset, sizeBytes }: NamedSection): Uint8Array =>
    type === SHT_NOBITS ? new Uint8Array() : view.bytes(offset, sizeBytes);
  const part = (label: string, section: NamedSection) => ({ label, bytes: bytesOf(section) });
  const shared = [...sections].flatMap(([name, section]) => (SHARED_DATA.test(name) ? [part(name, section)] : []));
  const relocations = (symbol: string) =>
    ["rel", "rela"].flatMap((kind) => {
      const section = sections.get(`.${kind}.text.${symbol}`);
      return section ? [{ label: kind, bytes: relocationsOf(view, all, section, symbol) }] : [];
    });
  const called = () =>
    [...sections].flatMap(([name, section]) => {
      const symbol = FUNCTION.exec(name)?.groups?.["symbol"];
      return symbol === undefined || sections.has(`.nv.constant0.${symbol}`)
        ? []
        : [part(name, section), ...relocations(symbol)];
    });
  return [...wanted].flatMap((symbol) => {
    const text = sections.get(`.text.${symbol}`);
    if (!text) return [];
    const own = [...sections].flatMap(([name, section]) => {
      const bank = /^\.nv\.constant\d+(?=\.)/.exec(name)?.[0];
      return bank !== undefined && name === `${bank}.${symbol}` ? [part(bank, section)] : [];
    });
    const registers = { label: "registers", bytes: Uint8Array.of(text.info >>> 24) };
    const left = relocations(symbol);
    const outside = left.length > 0 ? [...left, ...called()] : [];
    return [{ symbol, parts: [part("text", text), registers, ...own, ...shared, ...outside] }];
  });
}

/** Relocations with names for the numbers of symbols, which move with whatever else is in the file. */
function relocationsOf(
  view: BinaryView,
  sections: readonly NamedSection[],
  { offset, sizeBytes, type, link }: NamedSection,
  own: string,
): Uint8Array {
  const step = type === SHT_RELA ? 24 : 16;
  // The first section is not among them.
  const symbols = sections[link - 1];
  const names = symbols && sections[symbols.link - 1];
  if (!symbols || !names) throw new BinaryFault("its relocations have no symbols");
  const lines: string[] = [];
  for (let at = offset; at + step <= offset + sizeBytes; at += step) {
    const entry = symbols.offset + view.u32(at + 12) * SYMBOL_BYTES;
    const section = sections[view.u16(entry + 6) - 1];
    const name = view.field(names.offset + view.u32(entry), NAME_BYTES_MAX);
    const shown = name === "" && section ? view.field(section.nameAt, NAME_BYTES_MAX) : name;
    const addend = type === SHT_RELA ? [...view.bytes(at + 16, 8)].join(".") : "";
    lines.push(`${view.u64(at)} ${view.u32(at + 8)} ${shown.replaceAll(own, "self")} ${addend}`);
  }
  return new TextEncoder().encode(lines.join("\n"));
}
