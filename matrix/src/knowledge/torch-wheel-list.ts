import { compareNumbers } from "./number-order.ts";
import type { DataRecord } from "./record.ts";

/** One wheel of PyTorch that a list names. */
export interface TorchWheel {
  /** `cpu`, "12.1", "rocm6.0" as cells name it; `xpu`, which cells do not have. */
  readonly variant: string;
  /**
   * Empty for the wheel that `torch==2.1.2+cu121` means; else what tells a
   * second build of the same variant: "with.pypi.cudnn", "cxx11.abi", "cu124_full".
   */
  readonly flavour: string;
  readonly platform: string;
  /** Platform tag of the file name: "manylinux_2_28_x86_64", or several with dots between them. */
  readonly tag: string;
  /** "3.12" or "3.13t". */
  readonly python: string;
}

/** Platform of a wheel's platform tag (PEP 425, PEP 600); null for one that no Kiln plans for. */
export function platformOfTag(tag: string): string | null {
  if (tag === "win_amd64") return "windows-x86_64";
  if (tag === "win_arm64") return "windows-arm64";
  const mac = /^macosx_\d+_\d+_(arm64|x86_64)$/.exec(tag);
  if (mac) return `macos-${mac[1]}`;
  const linux = /^(?:many)?linux\w*?_(x86_64|aarch64|s390x|ppc64le|i686)(?:\.|$)/.exec(tag);
  return linux ? `linux-${linux[1]}` : null;
}

/**
 * Variant and flavour of a name of PyTorch's index: its local version, and after
 * an `@` the folder of the index where that says more. A wheel without local
 * version is a CPU build unless its folder is a CUDA one (`nolocal@cu124`, on aarch64).
 */
export function parseVariant(name: string): { readonly variant: string; readonly flavour: string } | null {
  const [local = "", folder = ""] = name.split("@");
  if (local === "nolocal") {
    return folder === "" ? { variant: "cpu", flavour: "" } : parseVariant(folder);
  }
  const match = /^(cpu|xpu|cu\d{3}|rocm\d+(?:\.\d+)+)(?:[._](.+))?$/.exec(local);
  const word = match?.[1];
  if (word === undefined) return null;
  const digits = /^cu(\d+)(\d)$/.exec(word);
  const variant = digits ? `${digits[1]}.${digits[2]}` : word;
  const flavour = [match?.[2], folder !== word && folder !== "" ? folder : undefined].filter(
    (text) => text !== undefined,
  );
  return { variant, flavour: flavour.join("@") };
}

/** What `index_wheels` says: variant → platform tag → Pythons. */
export function readIndexWheels(record: DataRecord): readonly TorchWheel[] {
  return record.keys().flatMap((name) => {
    const variant = parseVariant(name) ?? record.fail(name, "named for a variant of PyTorch");
    return readTags(record.part(name), () => variant);
  });
}

/** What a list of one index says: platform tag → Pythons; `variantOf` a platform, or null when that is not known. */
export function readTags(
  record: DataRecord,
  variantOf: (platform: string) => { readonly variant: string; readonly flavour: string } | null,
): readonly TorchWheel[] {
  return record.keys().flatMap((tag) => {
    const platform = platformOfTag(tag) ?? record.fail(tag, "a platform tag");
    const variant = variantOf(platform);
    return record.texts(tag).map((python) => ({
      variant: variant?.variant ?? "",
      flavour: variant?.flavour ?? "",
      platform,
      tag,
      python,
    }));
  });
}

/** By platform and variant, then Python: of several wheels for a cell the plain one, else the first by flavour and tag. */
export type WheelIndex = ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<string, TorchWheel>>>;

export function indexWheels(wheels: readonly TorchWheel[]): WheelIndex {
  const index = new Map<string, Map<string, Map<string, TorchWheel>>>();
  const sorted = wheels.toSorted((a, b) => order(a.flavour, b.flavour) || order(a.tag, b.tag));
  for (const wheel of sorted) {
    const variants = entry(index, wheel.platform, () => new Map<string, Map<string, TorchWheel>>());
    const pythons = entry(variants, wheel.variant, () => new Map<string, TorchWheel>());
    if (!pythons.has(wheel.python)) pythons.set(wheel.python, wheel);
  }
  return index;
}

function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Pythons, oldest first: "3.13t" after "3.13". */
export function sortPythons(pythons: Iterable<string>): readonly string[] {
  return [...new Set(pythons)].toSorted(
    (a, b) => compareNumbers(a.replace("t", ""), b.replace("t", "")) || a.length - b.length,
  );
}
