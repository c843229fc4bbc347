import { createHash } from "node:crypto";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
// By the default export: an older Node has no such function, and has to come as far as saying that it is too old.
import zlib from "node:zlib";
import { readKernels, type KernelCode } from "../../domain/device-code/cubin.ts";
import { expandLz4 } from "../../domain/device-code/lz4-block.ts";
import { selectImage } from "../../domain/device-code/select-image.ts";
import { BinaryFault, BinaryView, type ByteSource } from "../../domain/wheel-audit/byte-source.ts";
import type { FatbinImage } from "../../domain/wheel-audit/fatbin.ts";
import { isLibraryName } from "../../domain/wheel-audit/wheel-files.ts";
import { readImages } from "../../domain/wheel-audit/read-binary.ts";
import { FileSource } from "./file-source.ts";
import { openOwnFile } from "./own-file.ts";

/** Of one image, expanded. */
const IMAGE_BYTES_MAX = 512 * 1024 ** 2;

/** Machine code of a kernel in an installed file. */
export interface FoundKernel {
  readonly symbol: string;
  /** "90", "90a". */
  readonly architecture: string;
  /** Lower-case hexadecimal, over the kernel's code and what it refers to. */
  readonly sha256: string;
  /** Relative to site-packages. */
  readonly file: string;
}

interface Installed {
  readonly sitePackages: string;
  /** Of one distribution, relative to site-packages. */
  readonly paths: readonly string[];
  /** Links out of it are not followed. */
  readonly virtualEnv: string;
}

/**
 * Looks for kernels in the libraries of an installed distribution, in the
 * machine code that a device of this compute capability runs. `problems` says
 * which files could not be read. Blocks for no longer than an image takes.
 */
export async function findKernels(
  { sitePackages, paths, virtualEnv }: Installed,
  { symbols, capability }: { readonly symbols: ReadonlySet<string>; readonly capability: string },
  signal: AbortSignal,
): Promise<{ readonly found: readonly FoundKernel[]; readonly problems: readonly string[] }> {
  const found = new Map<string, FoundKernel>();
  const problems: string[] = [];
  for (const path of paths.filter(isLibraryName)) {
    const file = await openOwnFile(join(sitePackages, path), virtualEnv).catch(() => null);
    if (!file) {
      problems.push(`${path} could not be opened`);
      continue;
    }
    try {
      using source = FileSource.of(file.fd);
      for (const images of readImages(source)) {
        for (const image of selected(images, capability)) {
          signal.throwIfAborted();
          for (const kernel of readKernels(expanded(source, image), symbols)) {
            const one = { symbol: kernel.symbol, architecture: image.architecture, sha256: hashOf(kernel), file: path };
            found.set([one.symbol, one.architecture, one.sha256, path].join(" "), one);
          }
          await setImmediate();
        }
      }
    } catch (cause) {
      if (!(cause instanceof BinaryFault)) throw cause;
      problems.push(`${path}: ${cause.message}`);
    } finally {
      await file.close();
    }
  }
  return { found: [...found.values()], problems };
}

/** One image of each container. */
function selected(images: readonly FatbinImage[], capability: string): readonly FatbinImage[] {
  const containers = Map.groupBy(images, ({ container }) => container);
  return [...containers.values()].flatMap((one) => selectImage(one, capability) ?? []);
}

function expanded(source: ByteSource, { offset, sizeBytes, compression }: FatbinImage): Uint8Array {
  const expandedBytes = compression?.expandedBytes ?? sizeBytes;
  if (expandedBytes > IMAGE_BYTES_MAX) throw new BinaryFault(`the device code at ${offset} has ${expandedBytes} bytes`);
  const stored = new BinaryView(source).bytes(offset, sizeBytes);
  if (!compression) return stored;
  if (compression.method === "lz4") return expandLz4(stored, expandedBytes);
  try {
    return zlib.zstdDecompressSync(stored, { maxOutputLength: expandedBytes });
  } catch {
    throw new BinaryFault(`the compressed device code at ${offset} cannot be expanded`);
  }
}

function hashOf({ parts }: KernelCode): string {
  const hash = createHash("sha256");
  for (const { label, bytes } of parts) hash.update(`${label} ${bytes.length}\n`).update(bytes);
  return hash.digest("hex");
}
