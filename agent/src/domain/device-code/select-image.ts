import type { FatbinImage } from "../wheel-audit/fatbin.ts";

/**
 * The machine code of one container that runs on a device of a compute
 * capability, "9.0": code for 9.0 runs on every later 9.x, code for 90a on 9.0
 * alone, code for 100f on 10.0 and later 10.x (CUDA C++ Programming Guide,
 * "Binary Compatibility", "Feature Set Compiler Targets"). Of several the
 * newest, and the most specific of these. Undefined: the driver translates PTX,
 * or there is nothing that runs.
 */
export function selectImage(images: readonly FatbinImage[], capability: string): FatbinImage | undefined {
  const [major = NaN, minor = NaN] = capability.split(".").map(Number);
  const device = 10 * major + minor;
  const ranked = images.flatMap((image) => {
    if (image.kind !== "machine-code") return [];
    const sm = Number.parseInt(image.architecture, 10);
    const suffix = /[af]?$/.exec(image.architecture)?.[0] ?? "";
    const runs = suffix === "a" ? sm === device : Math.floor(sm / 10) === major && sm <= device;
    return runs ? [{ image, rank: 3 * sm + (suffix === "a" ? 2 : suffix === "f" ? 1 : 0) }] : [];
  });
  return ranked.toSorted((a, b) => b.rank - a.rank)[0]?.image;
}
