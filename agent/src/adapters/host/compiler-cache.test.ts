import { chmodSync, mkdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@kiln/testkit";
import { expect, test } from "vitest";
import { compilerCacheVariables, findCompilerCache, findContainerEngine } from "./compiler-cache.ts";

const FACTS = { root: "/jobs/1", nvcc: "/cuda/bin/nvcc" };

const isWindows = process.platform === "win32";
if (isWindows) console.warn("skipped: on Windows a link does not stand in for a compiler");

function programs(folder: string, names: readonly string[]): NodeJS.ProcessEnv {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const name of names) {
    writeFileSync(join(bin, name), "#!/bin/sh\n");
    chmodSync(join(bin, name), 0o755);
  }
  return { PATH: bin };
}

test.skipIf(isWindows)("ccache stands in for the compilers that are there, with its limit", () => {
  using folder = temporaryFolder();
  const env = programs(folder.path, ["ccache", "gcc", "c++"]);
  const ccache = join(folder.path, "bin", "ccache");
  // Links of an earlier process are made anew.
  findCompilerCache(env, join(folder.path, "cache"), 5e9);
  const cache = findCompilerCache(env, join(folder.path, "cache"), 5e9);
  expect(cache).toMatchObject({ ccache, hasSccache: false });
  expect(readlinkSync(join(cache!.links, "gcc"))).toBe(ccache);
  expect(() => readlinkSync(join(cache!.links, "clang"))).toThrow("ENOENT");
  expect(compilerCacheVariables(cache!, FACTS)).toEqual({
    CCACHE_DIR: join(folder.path, "cache", "ccache"),
    CCACHE_MAXSIZE: "5000M",
    CCACHE_BASEDIR: "/jobs/1",
    CCACHE_NOHASHDIR: "1",
    PYTORCH_NVCC: `${ccache} /cuda/bin/nvcc`,
    CMAKE_CUDA_COMPILER_LAUNCHER: ccache,
  });
});

test.skipIf(isWindows)("sccache gets a folder and a limit; without a program or a limit there is no cache", () => {
  using folder = temporaryFolder();
  const env = programs(folder.path, ["sccache", "podman"]);
  const cache = findCompilerCache(env, join(folder.path, "cache"), 1e9);
  expect(compilerCacheVariables(cache!, FACTS)).toEqual({
    SCCACHE_DIR: join(folder.path, "cache", "sccache"),
    SCCACHE_CACHE_SIZE: "1000M",
  });
  expect(findCompilerCache(env, join(folder.path, "cache"), 0)).toBeNull();
  expect(findCompilerCache({ PATH: "/nowhere" }, join(folder.path, "cache"), 1e9)).toBeNull();
  expect([findContainerEngine(env), findContainerEngine({})]).toEqual(["podman", null]);
});
