import { readFileSync } from "node:fs";
import { zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BinaryFault, bytesSource } from "../wheel-audit/byte-source.ts";
import type { FatbinImage } from "../wheel-audit/fatbin.ts";
import { readImages } from "../wheel-audit/read-binary.ts";
import { readKernels } from "./cubin.ts";
import { expandLz4 } from "./lz4-block.ts";
import { selectImage } from "./select-image.ts";

/** Whatever is not a BinaryFault is thrown on. */
function orFault<T>(read: () => T): T | null {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof BinaryFault) return null;
    throw cause;
  }
}

describe("an LZ4 block", () => {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

  test("is literals and matches, which may overlap what they make", () => {
    // 3 literals, then 4 + 5 bytes from 3 bytes back; then 2 literals.
    const block = Buffer.from([0x35, ...Buffer.from("abc"), 3, 0, 0x20, ...Buffer.from("xy")]);
    expect(text(expandLz4(block, 14))).toBe("abcabcabcabcxy");
  });

  test("has lengths that go on in further bytes", () => {
    const literals = Buffer.alloc(15 + 255 + 7, "q");
    const block = Buffer.concat([Buffer.from([0xff, 255, 7]), literals, Buffer.from([1, 0, 10, 0x10, 0x7a])]);
    expect(text(expandLz4(block, 277 + 29 + 1))).toBe(`${"q".repeat(277 + 29)}z`);
  });

  test("that is cut off, too long or refers before its start is a fault, whatever its bytes", () => {
    for (const [bytes, size] of [
      [[0x30, 97, 98], 3],
      [[0x10, 97], 2],
      [[0x20, 97, 98], 1],
      [[0x10, 97, 2, 0, 0x10, 98], 6],
      [[0x10, 97, 0, 0, 0x10, 98], 6],
    ] as const) {
      expect(() => expandLz4(Uint8Array.from(bytes), size), String(bytes)).toThrow(BinaryFault);
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void orFault(() => expandLz4(bytes, 100))));
  });
});

test.for([
  [["80", "86", "90"], "8.6", "86"],
  [["80", "90"], "8.6", "80"],
  [["80", "90", "90a"], "9.0", "90a"],
  [["90a", "100f", "100"], "10.3", "100f"],
  [["100a"], "10.3", null],
  [["90"], "8.9", null],
  [["80"], "9.0", null],
  [["120"], "12.0", "120"],
] as const)("of machine code for %j, a device of %s runs that for %s", ([architectures, capability, expected]) => {
  const images = architectures.map((architecture): FatbinImage => {
    return { kind: "machine-code", architecture, container: 0, offset: 0, sizeBytes: 0, compression: null };
  });
  const ptx: FatbinImage = { ...(images[0] as FatbinImage), kind: "ptx", architecture: "90" };
  expect(selectImage([ptx, ...images], capability)?.architecture ?? null).toBe(expected);
});

describe("a cubin", () => {
  const library = readFileSync(new URL("../wheel-audit/fixtures/sm80-sm90-ptx90.so", import.meta.url));
  const [image] = readImages(bytesSource(library))[0] ?? [];
  if (!image) throw new Error("the fixture has no device code");
  const cubin = zstdDecompressSync(library.subarray(image.offset, image.offset + image.sizeBytes));
  const wanted = new Set(["_Z1kPf"]);

  test("has of a kernel its code, its registers and its constants", () => {
    const [kernel] = readKernels(cubin, wanted);
    expect(kernel?.parts.map(({ label }) => label)).toEqual(["text", "registers", ".nv.constant0"]);
    expect(kernel?.parts[0]?.bytes.length).toBeGreaterThan(100);
    expect(readKernels(cubin, new Set(["_Z1jPf"]))).toEqual([]);
  });

  test("whose bytes are others or gone ends in a result or a fault", () => {
    const flips = fc.array(fc.tuple(fc.nat(cubin.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 20 });
    fc.assert(
      fc.property(flips, fc.nat(cubin.length), fc.boolean(), (changes, length, isCut) => {
        const bytes = Buffer.from(cubin);
        for (const [at, value] of changes) bytes[at] = value;
        orFault(() => readKernels(isCut ? bytes.subarray(0, length) : bytes, wanted));
      }),
      { numRuns: 1_000 },
    );
  });

  test("is no library of the host", () => {
    expect(() => readKernels(library, wanted)).toThrow("is no GPU of NVIDIA");
  });
});
