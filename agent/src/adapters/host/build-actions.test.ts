import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { job as wire } from "@kiln/proto";
import { temporaryFolder } from "@kiln/testkit";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Interpreter } from "../../domain/interpreter.ts";
import type { Blob, BuildWork, Job, WheelWish } from "../../domain/job.ts";
import { HostBench, type RunResult } from "../../testing/host-bench.ts";
import { LocalBlobs } from "../../testing/local-blobs.ts";
import { indexAccess } from "../../testing/index-access.ts";
import { makeWheel, serveIndex, type SimpleIndex } from "../../testing/simple-index.ts";
import { builtFacts, packTorchPackage } from "../../testing/torch-package.ts";
import { readPythons } from "../inventory/read-pythons.ts";
import type { CompilerCache } from "./compiler-cache.ts";
import type { BuildSurroundings } from "./job-context.ts";

const { Outcome } = wire;
const TOKEN = "farm-token-0123456789";
const INDEX = "/index/r1/cu118/simple/";
const VERSION = "2.1.2+cu118";

const shared = temporaryFolder();
const { pythons } = await readPythons(process.env, join(shared.path, "pythons.json"));
const newest = pythons.at(-1) as Interpreter;
if (!newest) console.warn("skipped: this machine has no usable CPython");

const WISH: WheelWish = {
  kind: "pure",
  torch: { version: "2.1.2", variant: "cu118" },
  cuda: null,
  index: "cu118",
  localVersion: null,
  cxx11Abi: null,
  archList: [],
  policy: null,
};
const SHARE = { cores: 4, memoryBytes: 64 * 1024 ** 3 };

describe.skipIf(!newest || process.platform === "win32")("a build against a PyTorch", { timeout: 60_000 }, () => {
  const stack = new AsyncDisposableStack();
  stack.use(shared);
  const blobs = new LocalBlobs();
  let index: SimpleIndex;
  let other: SimpleIndex;
  let toolkit: string;
  let source: Blob;

  beforeAll(async () => {
    const wheel = (name: string, version: string, text = ""): Promise<string> =>
      makeWheel(newest.path, shared.path, { name, version, text });
    const torch = await wheel("torch", VERSION, `__version__ = "${VERSION}"\n`);
    const newer = await wheel("torch", "2.9.0", '__version__ = "2.9.0"\n');
    const rest = [await wheel("kiln-helper", "1.0"), await wheel("kiln-late", "1.0")];
    index = stack.use(await serveIndex(INDEX, TOKEN, [torch, newer, ...rest]));
    const evil = await wheel("kiln-helper", "99.0", 'raise ImportError("from the other index")\n');
    other = stack.use(await serveIndex("/simple/", TOKEN, [evil]));
    toolkit = fakeToolkit(join(shared.path, "cuda-11.8"), "11.8.89");
    source = blobs.add(packTorchPackage(shared.path));
  }, 60_000);
  afterAll(() => stack.disposeAsync());

  async function build(
    changes: Partial<WheelWish> = {},
    more: {
      readonly work?: Partial<BuildWork>;
      readonly env?: Job["env"];
      readonly build?: Partial<BuildSurroundings>;
    } = {},
    token = TOKEN,
  ): Promise<RunResult> {
    using bench = new HostBench(pythons, {
      tools: join(shared.path, "tools"),
      blobs,
      indexes: indexAccess(index.url, token),
      build: {
        toolkits: [{ version: "11.8.89", path: toolkit }],
        share: SHARE,
        compilerCache: null,
        containerEngine: null,
        wheelBytesMax: 2 ** 31,
        ...more.build,
      },
    });
    return await bench.run({
      name: "build",
      python: newest.feature,
      env: more.env ?? {},
      limits: { timeoutMs: 60_000, logBytesMax: 1_000_000 },
      work: {
        kind: "build",
        source,
        candidate: { name: "kiln-pure", version: "1.0" },
        configSettings: {},
        frontend: "pip",
        checkReproducible: false,
        wheel: { ...WISH, ...changes },
        ...more.work,
      },
    });
  }

  test("finds that release and its requirements, all of them from the run's index and nowhere else", async () => {
    vi.stubEnv("PIP_EXTRA_INDEX_URL", `${other.url}/simple/`);
    vi.stubEnv("PIP_CONFIG_FILE", join(shared.path, "pip.conf"));
    writeFileSync(join(shared.path, "pip.conf"), `[global]\nextra-index-url = ${other.url}/simple/\n`);
    using _ = { [Symbol.dispose]: () => vi.unstubAllEnvs() };
    const before = index.asked.length;
    const { finished, log, steps } = await build({}, { env: { PIP_FIND_LINKS: shared.path } });
    expect(finished, log).toMatchObject({ outcome: Outcome.PASSED, summary: "" });
    expect(builtFacts(log).torch).toBe(VERSION);
    expect(steps.slice(2, 6)).toEqual([
      "install PyTorch 2.1.2 (cu118) and the build requirements",
      "ask the build backend what else it requires",
      "install what the build backend requires",
      "build the wheel",
    ]);
    expect(index.asked.slice(before).filter((path) => path.startsWith(INDEX)).length).toBeGreaterThanOrEqual(3);
    expect(other.asked).toEqual([]);
    expect(log).toContain("PIP_FIND_LINKS of the job's environment: not used here\n");
    expect(log).not.toContain("Installing build dependencies");
    expect(log).not.toContain(TOKEN);
    expect(builtFacts(log).env).toMatchObject({ PIP_INDEX_URL: null, KILN_TOKEN: null });
    // The archive was packed just now.
    expect(Number(builtFacts(log).env["SOURCE_DATE_EPOCH"])).toBeGreaterThan(1.7e9);
  });

  test("a token that is refused is in no log either", async () => {
    const refused = await build({}, {}, "another-token-42");
    expect(refused.finished.outcome).toBe(Outcome.BUILD_FAILED);
    expect(refused.log + refused.finished.summary + refused.finished.excerpt).not.toContain("another-token-42");
  });

  test("fails when the index has not that release, with what pip says", async () => {
    const { finished } = await build({ torch: { version: "2.2.0", variant: "cu118" } });
    expect(finished).toMatchObject({ outcome: Outcome.BUILD_FAILED });
    expect(finished.excerpt).toContain("torch==2.2.0");
  });

  test("has the toolkit of its CUDA release first on its path, and the job's own variables win", async () => {
    const { finished, log } = await build(
      { cuda: "11.8", archList: ["8.0", "9.0+PTX"] },
      { env: { MAX_JOBS: "3", SOURCE_DATE_EPOCH: "1700000000" } },
    );
    expect(finished, log).toMatchObject({ outcome: Outcome.PASSED });
    const { env, nvcc } = builtFacts(log);
    expect(nvcc).toBe(join(toolkit, "bin", "nvcc"));
    expect(env).toMatchObject({
      CUDA_HOME: toolkit,
      CUDA_PATH: toolkit,
      FORCE_CUDA: "1",
      TORCH_CUDA_ARCH_LIST: "8.0 9.0+PTX",
      MAX_JOBS: "3",
      SOURCE_DATE_EPOCH: "1700000000",
    });
  });

  test("without that toolkit there is none, and the summary says what is there and what to do", async () => {
    const { finished, steps } = await build({ cuda: "9.9" });
    expect(finished.outcome).toBe(Outcome.INFRASTRUCTURE);
    expect(finished.summary).toContain("there is no CUDA 9.9 toolkit where this build runs");
    expect(finished.summary).toContain(`11.8.89 in ${toolkit}`);
    expect(finished.summary).toContain("KILN_DOCKER_READ_ONLY_PATHS");
    expect(steps.at(-1)).toBe("select the CUDA 9.9 toolkit");
  });

  test("built twice, in two folders, has the same bytes, and what depends on the folder is named", async () => {
    const compilerCache = fakeCache();
    const same = await build({}, { build: { compilerCache }, work: { checkReproducible: true } });
    expect(same.finished, same.log).toMatchObject({ outcome: Outcome.PASSED });
    expect(same.log).toContain("[kiln] a second build, in another folder, made the same bytes\n");
    // Both from their source: a cache would hand out the first one's objects.
    expect(builtFacts(same.log).env["CCACHE_DIR"]).toBeNull();
    expect(builtFacts(same.log).cc).not.toBe(join(compilerCache.links, "cc"));
    const work = { checkReproducible: true, configSettings: { place: "1" } };
    const different = await build({}, { work });
    expect(different.finished, different.log).toMatchObject({ outcome: Outcome.PASSED });
    expect(different.log).toContain("[kiln] a second build differs in kiln_pure/place.py\n");
  });

  test("compiles through ccache, and pip installs it under the local version that it was given", async () => {
    const compilerCache = fakeCache();
    const { finished, artifacts, log } = await build({ localVersion: "cu118torch2.1" }, { build: { compilerCache } });
    expect(finished, log).toMatchObject({ outcome: Outcome.PASSED, summary: "" });
    const { cc, env } = builtFacts(log);
    expect([cc, env["CCACHE_DIR"]]).toEqual([join(compilerCache.links, "cc"), join(compilerCache.folder, "ccache")]);
    const blob = artifacts[0]?.blob;
    expect(blob?.filename).toBe("kiln_pure-1.0+cu118torch2.1-py3-none-any.whl");
    using bench = new HostBench(pythons, { tools: join(shared.path, "tools"), blobs });
    const wheel = { sha256: blob!.sha256, sizeBytes: Number(blob!.sizeBytes), filename: blob!.filename };
    const command = `python -c "import importlib.metadata as m, sys; sys.exit(m.version('kiln-pure') != '1.0+cu118torch2.1')"`;
    const check = { kind: "command", command: `pip check && ${command}`, source, files: [] } as const;
    const candidate = { name: "kiln-pure", version: "1.0" };
    const tested = await bench.run({
      name: "test",
      python: newest.feature,
      env: {},
      limits: { timeoutMs: 60_000, logBytesMax: 1_000_000 },
      work: {
        kind: "test",
        wheel,
        candidate,
        extras: [],
        requires: [],
        index: null,
        torch: null,
        check,
        repeatFailed: 0,
      },
    });
    expect(tested.finished, tested.log).toMatchObject({ outcome: Outcome.PASSED, summary: "" });
  });

  test("that gives itself another local version fails, and says what to do", async () => {
    const work = { configSettings: { version: "1.0+mine" } };
    const { finished } = await build({ localVersion: "cu118torch2.1" }, { work });
    expect(finished.outcome).toBe(Outcome.BUILD_FAILED);
    expect(finished.summary).toContain("kiln_pure 1.0+mine, but this wheel is to have the local version cu118torch2.1");
  });
});

function fakeCache(): CompilerCache {
  const folder = join(shared.path, "compiler-cache");
  const links = join(folder, "links");
  mkdirSync(links, { recursive: true });
  program(join(links, "cc"), "exit 0");
  return { ccache: "/ccache", links, hasSccache: false, folder, bytesMax: 1e9 };
}

function fakeToolkit(path: string, version: string): string {
  mkdirSync(join(path, "bin"), { recursive: true });
  mkdirSync(join(path, "include"));
  writeFileSync(join(path, "include", "cuda_runtime.h"), "");
  const release = version.split(".").slice(0, 2).join(".");
  program(join(path, "bin", "nvcc"), `echo "Cuda compilation tools, release ${release}, V${version}"`);
  return path;
}

function program(path: string, line: string): void {
  writeFileSync(path, `#!/bin/sh\n${line}\n`);
  chmodSync(path, 0o755);
}
