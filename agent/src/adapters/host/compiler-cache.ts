import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { EngineProgram } from "../../domain/cibuildwheel.ts";

/** Compilers that ccache stands in for when it is called by their name. */
const COMPILERS = ["cc", "c++", "gcc", "g++", "clang", "clang++"];

/** What this agent's builds share of compilers' results. */
export interface CompilerCache {
  /** Absolute path of ccache; null without it. */
  readonly ccache: string | null;
  /** A folder with ccache under the names of compilers. */
  readonly links: string;
  readonly hasSccache: boolean;
  /** Each program has its own folder in it. */
  readonly folder: string;
  /** Of each program's own; they keep to it themselves. */
  readonly bytesMax: number;
}

/**
 * Finds ccache and sccache on the path; null when there is neither, or nothing is
 * to be kept. Not on Windows, where a link does not stand in for a compiler.
 */
export function findCompilerCache(env: NodeJS.ProcessEnv, folder: string, bytesMax: number): CompilerCache | null {
  if (process.platform === "win32" || bytesMax === 0) return null;
  const find = (name: string): string | null => onPath(env, name);
  const ccache = find("ccache");
  const hasSccache = find("sccache") !== null;
  if (ccache === null && !hasSccache) return null;
  const links = join(folder, "links");
  rmSync(links, { recursive: true, force: true });
  mkdirSync(links, { recursive: true, mode: 0o700 });
  const found = ccache === null ? [] : COMPILERS.filter((name) => find(name) !== null);
  for (const name of found) symlinkSync(ccache ?? "", join(links, name));
  return { ccache, links, hasSccache, folder, bytesMax };
}

/** The program that runs containers; null without one. */
export function findContainerEngine(env: NodeJS.ProcessEnv): EngineProgram | null {
  return (["docker", "podman"] as const).find((name) => onPath(env, name) !== null) ?? null;
}

/** Where a program is; null when it is not on the PATH. */
export function onPath(env: NodeJS.ProcessEnv, name: string): string | null {
  const folders = (env["PATH"] ?? "").split(delimiter).filter((one) => one !== "");
  return folders.map((one) => join(one, name)).find((path) => existsSync(path)) ?? null;
}

/**
 * Variables by which compilers use the cache. Objects are shared between the
 * folders of different jobs: paths below `root` are seen as relative, and the
 * working folder in debugging information is passed over, so that it may name
 * another job's.
 */
export function compilerCacheVariables(
  cache: CompilerCache,
  facts: { readonly root: string; readonly nvcc: string | null },
): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {};
  if (cache.ccache !== null) {
    Object.assign(variables, {
      CCACHE_DIR: join(cache.folder, "ccache"),
      CCACHE_MAXSIZE: `${Math.max(1, Math.floor(cache.bytesMax / 1_000_000))}M`,
      CCACHE_BASEDIR: facts.root,
      CCACHE_NOHASHDIR: "1",
    });
    if (facts.nvcc !== null) {
      // PyTorch's and CMake's ways to put something before nvcc, which both call by its path.
      variables["PYTORCH_NVCC"] = `${cache.ccache} ${facts.nvcc}`;
      variables["CMAKE_CUDA_COMPILER_LAUNCHER"] = cache.ccache;
    }
  }
  if (cache.hasSccache) {
    // For builds that call it themselves; its server ends with the job that started it.
    variables["SCCACHE_DIR"] = join(cache.folder, "sccache");
    variables["SCCACHE_CACHE_SIZE"] = `${Math.max(1, Math.floor(cache.bytesMax / 1_000_000))}M`;
  }
  return variables;
}
