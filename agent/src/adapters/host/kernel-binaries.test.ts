import { execFileSync } from "node:child_process";
import { copyFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@kiln/testkit";
import { afterAll, describe, expect, test } from "vitest";
import { findNvcc } from "../../testing/find-nvcc.ts";
import { findKernels } from "./kernel-binaries.ts";

/** Of the fixture, as its README makes it. */
const SYMBOL = "_Z1kPf";
const FIXTURE = new URL("../../domain/wheel-audit/fixtures/sm80-sm90-ptx90.so", import.meta.url);
const shared = temporaryFolder();
afterAll(() => shared[Symbol.dispose]());

const find = async (paths: readonly string[], symbols: readonly string[], capability: string) =>
  findKernels(
    { sitePackages: shared.path, virtualEnv: shared.path, paths },
    { symbols: new Set(symbols), capability },
    new AbortController().signal,
  );

describe("the kernels of an installed library", () => {
  copyFileSync(FIXTURE, join(shared.path, "_C.so"));

  test("are found by their symbols, in the machine code that the device runs", async () => {
    const { found, problems } = await find(["_C.so", "__init__.py"], [SYMBOL, "_Z4nonev"], "8.6");
    expect(problems).toEqual([]);
    expect(found).toEqual([
      { symbol: SYMBOL, architecture: "80", file: "_C.so", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
    ]);
    const [other] = (await find(["_C.so"], [SYMBOL], "9.0")).found;
    expect(other?.architecture).toBe("90");
    expect(other?.sha256).not.toBe(found[0]?.sha256);
  });

  test("have no machine code for a device that translates PTX", async () => {
    expect(await find(["_C.so"], [SYMBOL], "12.0")).toEqual({ found: [], problems: [] });
  });

  test("are not looked for behind a link out of the environment, nor in what is damaged", async () => {
    symlinkSync("/bin/sh", join(shared.path, "out.so"));
    writeFileSync(join(shared.path, "cut.so"), "\x7fELF");
    expect(await find(["out.so", "cut.so", "gone.so"], [SYMBOL], "9.0")).toEqual({
      found: [],
      problems: [
        "out.so could not be opened",
        expect.stringContaining("cut.so: it points to"),
        "gone.so could not be opened",
      ],
    });
  });
});

const nvcc = findNvcc();
if (nvcc === null) console.warn("skipped: there is no nvcc, so only the committed kernels are compared");

const BEFORE = `
__constant__ float table[2] = {1.0f, 2.0f};
__device__ __noinline__ float halved(float x) { return x * 0.5f; }
__global__ void scale(float *x) { x[threadIdx.x] *= 3.0f; }
__global__ void add(float *x) { x[threadIdx.x] += 1.0f; }
__global__ void look(float *x) { x[threadIdx.x] = table[threadIdx.x & 1]; }
__global__ void half_of(float *x) { x[threadIdx.x] = halved(x[threadIdx.x]); }
`;
const SYMBOLS = ["_Z5scalePf", "_Z3addPf", "_Z4lookPf", "_Z7half_ofPf"];

describe.skipIf(nvcc === null)("what nvcc makes here", { timeout: 120_000 }, () => {
  let made = 0;
  /** SHA-256 by symbol. */
  async function hashes(source: string, ...options: readonly string[]): Promise<Readonly<Record<string, string>>> {
    const file = `k${made++}`;
    writeFileSync(join(shared.path, `${file}.cu`), source);
    // What is not linked as device code has it in the object file already.
    const kind = options.includes("-rdc=true") ? "-shared" : "-c";
    const args = [kind, "-Xcompiler", "-fPIC", ...options, "-o", `${file}.so`, `${file}.cu`];
    execFileSync(nvcc ?? "", args, { cwd: shared.path });
    const { found, problems } = await find([`${file}.so`], SYMBOLS, "9.0");
    expect(problems).toEqual([]);
    return Object.fromEntries(found.map(({ symbol, sha256 }) => [symbol, sha256]));
  }

  test("has an equal hash while a kernel is the same, and another once its code or a constant is", async () => {
    const sm90 = ["-gencode", "arch=compute_90,code=sm_90"];
    const before = await hashes(BEFORE, ...sm90);
    expect(Object.keys(before).toSorted()).toEqual(SYMBOLS.toSorted());
    expect(new Set(Object.values(before)).size).toBe(4);
    const edited = BEFORE.replace("3.0f", "4.0f").replace("0.5f", "0.25f");
    const after = await hashes(`__global__ void more(int *x) { *x = 1; }${edited}`, ...sm90);
    expect(changed(before, after)).toEqual(["_Z5scalePf", "_Z7half_ofPf"]);
    // Data that kernels share may matter to any of them.
    expect(changed(before, await hashes(BEFORE.replace("2.0f", "5.0f"), ...sm90))).toContain("_Z4lookPf");
  });

  test.each([["size"], ["speed"]])("has the hash of its code however it is compressed: %s", async (mode) => {
    const gencode = ["-gencode", "arch=compute_90,code=[sm_90,compute_90]"];
    const compressed = await hashes(BEFORE, ...gencode, "-Xfatbin", "-compress-all", `--compress-mode=${mode}`);
    expect(compressed).toEqual(await plain());
  });

  test("that is linked as device code is known by the functions it calls", async () => {
    const rdc = ["-gencode", "arch=compute_90,code=sm_90", "-rdc=true"];
    const before = await hashes(BEFORE, ...rdc);
    expect(changed(before, await hashes(BEFORE.replace("0.5f", "0.25f"), ...rdc))).toContain("_Z7half_ofPf");
  });

  let once: Promise<Readonly<Record<string, string>>> | undefined;
  const plain = () => (once ??= hashes(BEFORE, "-gencode", "arch=compute_90,code=sm_90"));
  const changed = (before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>) =>
    Object.keys(before).filter((symbol) => before[symbol] !== after[symbol]);
});
