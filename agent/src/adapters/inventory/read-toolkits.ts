import { existsSync, readdirSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseNvccVersion, type CudaToolkit } from "../../domain/cuda-toolkit.ts";
import type { InventoryProblem } from "../../ports/inventory.ts";
import { onPath, PROGRAM_SUFFIX } from "../system/on-path.ts";
import { runTool } from "../system/run-tool.ts";

const TIMEOUT_MS = 20_000;
/** Where toolkits are installed by NVIDIA's installers; /usr by Debian's packages. */
const TOOLKIT_PARENT =
  process.platform === "win32" ? "C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA" : "/usr/local";

/** The CUDA toolkits of this machine that have a working nvcc. */
export async function readToolkits(
  env: NodeJS.ProcessEnv,
): Promise<{ readonly cudaToolkits: readonly CudaToolkit[]; readonly problems: readonly InventoryProblem[] }> {
  const problems: InventoryProblem[] = [];
  const toolkits = await Promise.all(
    toolkitFolders(env).map(async (path): Promise<CudaToolkit | null> => {
      const nvcc = nvccOf(path);
      const { ok, output } = await runTool(nvcc, ["--version"], { timeoutMs: TIMEOUT_MS, cwd: tmpdir() });
      const version = ok ? parseNvccVersion(output) : null;
      if (version === null)
        problems.push({ subject: nvcc, message: "it does not say its version: install the toolkit again" });
      return version === null ? null : { version, path };
    }),
  );
  return { cudaToolkits: toolkits.filter((toolkit) => toolkit !== null), problems };
}

/** The compiler of a toolkit. */
function nvccOf(toolkitPath: string): string {
  return join(toolkitPath, "bin", `nvcc${PROGRAM_SUFFIX}`);
}

/** Folders with bin/nvcc, each once: what the environment names first, then the usual places. */
function toolkitFolders(env: NodeJS.ProcessEnv): readonly string[] {
  const nvcc = onPath(env, "nvcc");
  const candidates = [
    ...[env["CUDA_HOME"] ?? "", env["CUDA_PATH"] ?? ""].filter((folder) => folder !== ""),
    ...(nvcc === null ? [] : [dirname(dirname(nvcc))]),
    ...list(TOOLKIT_PARENT)
      .filter((name) => /^(?:cuda(?:-\d+\.\d+)?|v\d+\.\d+)$/.test(name))
      .map((name) => join(TOOLKIT_PARENT, name)),
  ];
  const found = candidates.filter((folder) => existsSync(nvccOf(folder))).map((folder) => realpathSync(folder));
  return [...new Set(found)];
}

function list(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}
