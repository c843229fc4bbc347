import { existsSync, readdirSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { GPU_QUERY, parseGpus, parseNvccVersion, type CudaToolkit, type Gpu } from "../../domain/nvidia-smi.ts";
import type { InventoryProblem } from "../../ports/inventory.ts";
import { runTool } from "../system/run-tool.ts";

/** A sick driver can hang: nvidia-smi then takes for ever. */
const TIMEOUT_MS = 20_000;
const PROGRAM = process.platform === "win32" ? ".exe" : "";
/** Where toolkits are installed by NVIDIA's installers; /usr by Debian's packages. */
const TOOLKIT_PARENT =
  process.platform === "win32" ? "C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA" : "/usr/local";

export interface NvidiaFacts {
  readonly gpus: readonly Gpu[];
  readonly cudaToolkits: readonly CudaToolkit[];
  readonly problems: readonly InventoryProblem[];
}

/** The NVIDIA GPUs and CUDA toolkits of this machine. Without nvidia-smi there is no driver, and so no GPU. */
export async function readNvidia(env: NodeJS.ProcessEnv): Promise<NvidiaFacts> {
  const problems: InventoryProblem[] = [];
  const [gpus, cudaToolkits] = await Promise.all([readGpus(env, problems), readToolkits(env, problems)]);
  return { gpus, cudaToolkits, problems };
}

async function readGpus(env: NodeJS.ProcessEnv, problems: InventoryProblem[]): Promise<readonly Gpu[]> {
  const program = onPath(env, "nvidia-smi");
  if (program === null) return [];
  const args = [`--query-gpu=${GPU_QUERY.join(",")}`, "--format=csv,noheader,nounits"];
  const { ok, output } = await runTool(program, args, { timeoutMs: TIMEOUT_MS, cwd: tmpdir() });
  const parsed = ok
    ? parseGpus(output)
    : { ok: false as const, message: `nvidia-smi failed: ${output.trim().slice(0, 200)}` };
  if (parsed.ok) return parsed.gpus;
  problems.push({
    subject: program,
    message: `${parsed.message}. The GPUs of this machine are not used: repair its driver`,
  });
  return [];
}

async function readToolkits(env: NodeJS.ProcessEnv, problems: InventoryProblem[]): Promise<readonly CudaToolkit[]> {
  const toolkits = await Promise.all(
    toolkitFolders(env).map(async (path): Promise<CudaToolkit | null> => {
      const nvcc = join(path, "bin", `nvcc${PROGRAM}`);
      const { ok, output } = await runTool(nvcc, ["--version"], { timeoutMs: TIMEOUT_MS, cwd: tmpdir() });
      const version = ok ? parseNvccVersion(output) : null;
      if (version === null)
        problems.push({ subject: nvcc, message: "it does not say its version: install the toolkit again" });
      return version === null ? null : { version, path };
    }),
  );
  return toolkits.filter((toolkit) => toolkit !== null);
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
  const found = candidates
    .filter((folder) => existsSync(join(folder, "bin", `nvcc${PROGRAM}`)))
    .map((folder) => realpathSync(folder));
  return [...new Set(found)];
}

function onPath(env: NodeJS.ProcessEnv, name: string): string | null {
  for (const folder of (env["PATH"] ?? env["Path"] ?? "").split(delimiter)) {
    const path = join(folder, `${name}${PROGRAM}`);
    if (folder !== "" && existsSync(path)) return path;
  }
  return null;
}

function list(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}
