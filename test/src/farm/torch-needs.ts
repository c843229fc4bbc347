import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Brought } from "@kiln/testkit";
import { temporaryFolder } from "@kiln/testkit";
import { keptFolder, userPip } from "../staging-index/python-tools.ts";

/** To tell what it would install, pip may have to download it: a PyTorch for the CPU is 200 MB, one for CUDA three times that. */
const LIMITS = { timeoutMs: 120_000, fileBytesMax: 300 * 1024 ** 2 };

/**
 * Asks pip what it would install for a requirement on a CPython of this
 * platform, and says why not when that is a build of PyTorch for CUDA, which
 * comes with gigabytes of libraries.
 */
export async function isWithinReach(python: string, torch: string): Promise<Brought<null>> {
  using folder = temporaryFolder();
  const report = join(folder.path, "report.json");
  const of = ["--python-version", python, "--only-binary", ":all:", "--target", join(folder.path, "none")];
  try {
    await userPip(["install", "--dry-run", "--ignore-installed", "--report", report, ...of, torch], LIMITS);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    const size = "the indexes of this machine's pip have it only in a file of more than 300 MiB, as those for CUDA are";
    if (text.includes("File too large")) return { ok: false, reason: `${torch}: ${size}` };
    const reason = text.split("\n").findLast((line) => line.startsWith("ERROR:")) ?? text.slice(0, 200);
    return { ok: false, reason: `pip of this machine cannot tell what it would install for ${torch}: ${reason}` };
  }
  const { install } = JSON.parse(await readFile(report, "utf8")) as {
    readonly install: readonly { readonly metadata: { readonly name: string } }[];
  };
  const names = install.map(({ metadata }) => metadata.name);
  const cuda = names.find((name) => /^(?:nvidia-|cuda-|triton$)/.test(name));
  if (cuda === undefined) return { ok: true, value: null };
  return {
    ok: false,
    reason: `the indexes of this machine's pip have ${torch} for CUDA only (with ${cuda}): too large for a test`,
  };
}

/** nvcc, with what it needs to compile and link statically, as NVIDIA has it on the package index. */
const TOOLKIT = ["nvcc", "nvvm", "cuda-crt", "cuda-runtime", "cuda-cccl"];

/** A CUDA toolkit for a machine without one, from the user's own index: its folder. */
export async function bringToolkit(feature: string): Promise<Brought<string>> {
  const wanted = TOOLKIT.map((part) => `nvidia-${part === "nvcc" ? "cuda-nvcc" : part}==${feature}.*`);
  try {
    const folder = await keptFolder(`cuda-${feature}`, (target) =>
      userPip(["install", "--no-deps", "--target", target, ...wanted]),
    );
    const home = join(folder, "nvidia", `cu${feature.split(".")[0]}`);
    if (existsSync(join(home, "bin", "nvcc"))) return { ok: true, value: home };
    return { ok: false, reason: `the wheels of CUDA ${feature} have no nvcc where it is looked for` };
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    return { ok: false, reason: `CUDA ${feature} is not here, and its wheels cannot be had: ${text.slice(-200)}` };
  }
}
