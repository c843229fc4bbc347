import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@kiln/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findNvcc } from "../../testing/find-nvcc.ts";
import { BinaryFault, bytesSource } from "./byte-source.ts";
import { readElf } from "./elf.ts";
import { readMachO } from "./mach-o.ts";
import { readPe } from "./pe.ts";
import { isBinary, readBinary } from "./read-binary.ts";

const FOLDER = new URL("fixtures/", import.meta.url);
const fixture = (name: string): Buffer => readFileSync(new URL(name, FOLDER));
const read = (bytes: Uint8Array) => readBinary(bytesSource(bytes));

describe("a library", () => {
  test("of Linux says what it needs, what it is called, and which versions of symbols", () => {
    expect(read(fixture("plain-x86_64.so"))).toEqual({
      format: "elf",
      machines: ["x86_64"],
      needed: ["libc.so.6"],
      soname: "libplain.so.1",
      rpaths: ["$ORIGIN/../libs", "/opt/somewhere"],
      symbolVersions: ["GLIBC_2.14", "GLIBC_2.2.5"],
      macos: null,
      device: { machineCode: [], ptx: [] },
    });
  });

  test("of macOS says what it needs, and the oldest release that it runs on", () => {
    expect(read(fixture("macos-x86_64.dylib"))).toMatchObject({
      format: "mach-o",
      machines: ["x86_64"],
      needed: ["@rpath/libg.dylib"],
      soname: "@rpath/libm.dylib",
      rpaths: ["@loader_path/../libs", "/opt/somewhere"],
      macos: "10.13",
    });
  });

  test("of macOS for several machines says it for all of them", () => {
    const thin = fixture("macos-x86_64.dylib");
    const other = Buffer.from(thin);
    other.writeUInt32LE(0x100000c, 4);
    const header = Buffer.alloc(4_096);
    for (const [at, value] of [0xcafebabe, 2, 0x1000007, 3, 4_096, thin.length, 12].entries()) {
      header.writeUInt32BE(value, at * 4);
    }
    for (const [at, value] of [0x100000c, 0, 4_096 + thin.length, thin.length, 12].entries()) {
      header.writeUInt32BE(value, 28 + at * 4);
    }
    const universal = read(Buffer.concat([header, thin, other]));
    expect(universal).toMatchObject({ machines: ["x86_64", "arm64"], needed: ["@rpath/libg.dylib"], macos: "10.13" });
  });

  test("of Windows says which DLLs it imports", () => {
    expect(read(fixture("user32.dll"))).toMatchObject({ format: "pe", machines: ["amd64"], needed: ["USER32.dll"] });
  });

  test("is told from a class of Java, which begins like a universal binary", () => {
    expect(isBinary(Buffer.from("cafebabe0000003d", "hex"))).toBe(false);
    expect(isBinary(Buffer.from("cafebabe00000002", "hex"))).toBe(true);
  });
});

describe("device code", () => {
  test("is listed by its SM architectures, machine code and PTX apart", () => {
    expect(read(fixture("sm80-sm90-ptx90.so")).device).toEqual({ machineCode: ["80", "90"], ptx: ["90"] });
  });

  test("for one architecture or one family alone keeps its suffix", () => {
    expect(read(fixture("sm90a-sm100f-ptx120.so")).device).toEqual({ machineCode: ["90a", "100f"], ptx: ["120"] });
  });

  test("that does not fit into its container is a fault", () => {
    const bytes = fixture("sm80-sm90-ptx90.so");
    const container = bytes.indexOf(Buffer.from("50ed55ba", "hex"));
    for (const [at, value] of [
      [container + 8, 1_000_000],
      [container + 16 + 4, 0],
      [container + 16 + 8, 1_000_000],
      [container + 16 + 28, 1_000_000],
    ] as const) {
      const broken = Buffer.from(bytes);
      broken.writeUInt32LE(value, at);
      expect(() => read(broken)).toThrow(BinaryFault);
    }
  });
});

const nvcc = findNvcc();
if (nvcc === null) console.warn("skipped: there is no nvcc on the PATH, so only the committed device code is read");

describe.skipIf(nvcc === null)("what nvcc makes here", { timeout: 120_000 }, () => {
  test.each([
    [["arch=compute_80,code=sm_80"], ["80"], []],
    [["arch=compute_80,code=[sm_80,sm_86]", "arch=compute_90,code=compute_90"], ["80", "86"], ["90"]],
    [["arch=compute_90a,code=[sm_90a,compute_90a]", "arch=compute_90,code=sm_90"], ["90", "90a"], ["90a"]],
    [["arch=compute_90,code=sm_90", "--compress-mode=none"], ["90"], []],
    [["arch=compute_90,code=[sm_90,compute_90]", "--compress-mode=size"], ["90"], ["90"]],
    [["arch=compute_80,code=sm_80", "-rdc=true"], ["80"], []],
  ] as const)("with -gencode %j is read as just that", (options, machineCode, ptx) => {
    using folder = temporaryFolder();
    const source = join(folder.path, "k.cu");
    writeFileSync(
      source,
      "__global__ void k(float *x) { x[threadIdx.x] *= 2; }\nvoid f(float *x) { k<<<1, 1>>>(x); }\n",
    );
    const target = join(folder.path, "k.so");
    const args = options.flatMap((one) => (one.startsWith("-") ? [one] : ["-gencode", one]));
    execFileSync(nvcc ?? "", ["-shared", "-Xcompiler", "-fPIC", ...args, "-o", target, source], { cwd: folder.path });
    expect(read(readFileSync(target)).device).toEqual({ machineCode, ptx });
  });
});

describe("a reader", () => {
  const names = readdirSync(FOLDER).filter((name) => !name.endsWith(".md"));
  const readers = [readElf, readMachO, readPe, readBinary] as const;

  /** Reads with every reader; whatever is not a BinaryFault is thrown on. */
  function readAll(bytes: Uint8Array): void {
    for (const reader of readers) {
      try {
        reader(bytesSource(bytes));
      } catch (cause) {
        if (!(cause instanceof BinaryFault)) throw cause;
        expect(cause.message).not.toBe("");
      }
    }
  }

  test("says of arbitrary bytes only that they are none", () => {
    const heads = names.map((name) => fixture(name).subarray(0, 8));
    const withHead = fc.tuple(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 2_000 }));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2_000 }), readAll));
    fc.assert(fc.property(withHead, ([head, tail]) => readAll(Buffer.concat([head, tail]))));
  });

  test("ends, with a result or a fault, whatever bytes of a real file are others or gone", () => {
    const changes = fc.record({
      name: fc.constantFrom(...names),
      flips: fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)), { maxLength: 30 }),
      // Headers and tables are where a byte counts.
      inHead: fc.array(fc.tuple(fc.nat(600), fc.integer({ min: 0, max: 255 })), { maxLength: 10 }),
      cutTo: fc.option(fc.nat(), { freq: 3 }),
    });
    const startedMs = performance.now();
    fc.assert(
      fc.property(changes, ({ name, flips, inHead, cutTo }) => {
        let bytes = Buffer.from(fixture(name));
        for (const [at, value] of flips) bytes[at % bytes.length] = value;
        for (const [at, value] of inHead) bytes[at % bytes.length] = value;
        if (cutTo !== null) bytes = bytes.subarray(0, cutTo % bytes.length);
        readAll(bytes);
      }),
      { numRuns: 3_000 },
    );
    // 12,000 reads of which none is without end.
    expect(performance.now() - startedMs).toBeLessThan(60_000);
  }, 120_000);

  test("does not follow a chain of versions that leads out of the file", () => {
    const bytes = Buffer.from(fixture("plain-x86_64.so"));
    // The vn_next of 0 that ends the chain, and whatever else looks like it.
    for (let at = 0; at + 16 <= bytes.length; at += 4) {
      if (bytes.readUInt32LE(at + 12) === 0 && bytes.readUInt16LE(at) === 1) bytes.writeUInt32LE(0xffffffff, at + 12);
    }
    expect(() => readElf(bytesSource(bytes))).toThrow(BinaryFault);
  });

  test("gives up a file that takes too many reads", () => {
    // A section of nothing but padding, a gigabyte by what its header says.
    const zeros = new Uint8Array(1_024);
    const fatbin = fixture("sm80-sm90-ptx90.so");
    const sectionAt = fatbin.lastIndexOf(sizeField(fatbin));
    const bytes = Buffer.from(fatbin);
    bytes.writeBigUInt64LE(2n ** 30n, sectionAt);
    const source = {
      sizeBytes: 2 ** 31,
      read: (offset: number, length: number): Uint8Array =>
        offset + length <= bytes.length ? bytes.subarray(offset, offset + length) : zeros.subarray(0, length),
    };
    expect(() => readElf(source)).toThrow(/more than 4000000 reads/);
  });
});

/** The size of the section with device code, as its header has it. */
function sizeField(bytes: Buffer): Buffer {
  const container = bytes.indexOf(Buffer.from("50ed55ba", "hex"));
  const field = Buffer.alloc(8);
  field.writeBigUInt64LE(16n + bytes.readBigUInt64LE(container + 8));
  return field;
}
