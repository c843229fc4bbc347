import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CudaToolkit } from "../../domain/cuda-toolkit.ts";
import { isBuiltFor } from "../../domain/gpu/cuda-of-driver.ts";
import type { Gpu } from "../../domain/gpu/gpu.ts";
import type { HealthCheck } from "../../domain/health/health-check.ts";
import { judgeKernel, type KernelRun } from "../../domain/health/judge-kernel.ts";
import { PROGRAM_SUFFIX } from "../system/on-path.ts";
import { runTool } from "../system/run-tool.ts";
import { CHECK_SCRIPT, CHECK_SOURCE } from "./check-source.ts";

/** A compiler with a cold cache, and others beside it. */
const COMPILE_TIMEOUT_MS = 180_000;
/** The program takes under a second; a GPU that hangs takes for ever. */
const RUN_TIMEOUT_MS = 60_000;
/** Importing PyTorch from a cold disk. */
const TORCH_TIMEOUT_MS = 120_000;
const FIND_TIMEOUT_MS = 20_000;

export interface KernelTools {
  readonly toolkits: readonly CudaToolkit[];
  /** Interpreters that may have a PyTorch, those that the owner named first. */
  readonly pythons: readonly string[];
}

type Program = { readonly argv: readonly [string, ...string[]]; readonly by: string; readonly timeoutMs: number };
type FoundProgram = { readonly ok: true; readonly program: Program } | { readonly ok: false; readonly reason: string };

/**
 * The check program on one GPU: compiled by nvcc once for each toolkit and
 * compute capability and kept, or a PyTorch where there is no compiler.
 */
export class KernelCheck {
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  /** By compute capability; asked for once, and again when it was not to be had. */
  readonly #programs = new Map<string, Promise<FoundProgram>>();

  readonly #runTimeoutMs: number;

  /** `folder` is where compiled programs are kept; `runTimeoutMs`: of one of them. */
  constructor(folder: string, env: NodeJS.ProcessEnv, runTimeoutMs = RUN_TIMEOUT_MS) {
    this.#folder = folder;
    this.#env = env;
    this.#runTimeoutMs = runTimeoutMs;
  }

  /** `device` is the GPU's uuid, or that of one of its MIG slices. */
  async run(device: string, gpu: Gpu, tools: KernelTools, signal: AbortSignal): Promise<HealthCheck> {
    const found = await this.program(gpu, tools);
    if (!found.ok) return { name: "kernel", device, status: "not-run", detail: found.reason };
    const { argv, by, timeoutMs } = found.program;
    const [program, ...args] = argv;
    const env = { ...this.#plainEnv(), CUDA_VISIBLE_DEVICES: device, CUDA_DEVICE_ORDER: "PCI_BUS_ID" };
    const { stdout, failure, output } = await runTool(program, args, { timeoutMs, cwd: this.#folder, env, signal });
    const isMissing = /\b(?:ENOENT|EACCES|ENOEXEC)\b/.test(failure === "" ? "" : output);
    return judgeKernel(device, { stdout, failure, isMissing, by } satisfies KernelRun);
  }

  /** The check program for this GPU. */
  async program(gpu: Gpu, tools: KernelTools): Promise<FoundProgram> {
    const key = `${gpu.computeCapability} ${gpu.driver}`;
    const known = this.#programs.get(key);
    if (known) return known;
    const finding = this.#find(gpu, tools);
    this.#programs.set(key, finding);
    const found = await finding;
    if (!found.ok) this.#programs.delete(key);
    return found;
  }

  async #find(gpu: Gpu, { toolkits, pythons }: KernelTools): Promise<FoundProgram> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const reasons: string[] = [];
    for (const toolkit of toolkits) {
      if (!isBuiltFor(gpu, toolkit.version)) {
        reasons.push(`driver ${gpu.driver} does not run what CUDA ${toolkit.version} builds`);
        continue;
      }
      const compiled = await this.#compile(gpu, toolkit);
      if (compiled.ok) return compiled;
      reasons.push(compiled.reason);
    }
    for (const python of pythons) {
      const program: Program = {
        argv: [python, "-I", "-c", CHECK_SCRIPT],
        by: `PyTorch of ${python}`,
        timeoutMs: TORCH_TIMEOUT_MS,
      };
      if (await this.#hasTorch(python)) return { ok: true, program };
    }
    const why = reasons.length === 0 ? "there is no nvcc" : reasons.join("; ");
    const fix = "install a CUDA toolkit and a C++ compiler, or name a Python that has PyTorch in KILN_HEALTH_PYTHON";
    return { ok: false, reason: `${why}, and no Python here has a PyTorch with CUDA: ${fix}` };
  }

  async #compile(gpu: Gpu, toolkit: CudaToolkit): Promise<FoundProgram> {
    const { computeCapability } = gpu;
    const digest = createHash("sha256").update(`${CHECK_SOURCE}${toolkit.version}${computeCapability}`).digest("hex");
    const target = join(this.#folder, `check-${digest.slice(0, 16)}${PROGRAM_SUFFIX}`);
    const program: Program = { argv: [target], by: `CUDA ${toolkit.version}`, timeoutMs: this.#runTimeoutMs };
    if (existsSync(target)) return { ok: true, program };
    const source = join(this.#folder, `check-${process.pid}.cu`);
    const made = `${target}.${process.pid}`;
    writeFileSync(source, CHECK_SOURCE);
    const sm = computeCapability.replace(".", "");
    const arch = sm === "" ? [] : ["-gencode", `arch=compute_${sm},code=sm_${sm}`];
    const nvcc = join(toolkit.path, "bin", `nvcc${PROGRAM_SUFFIX}`);
    const args = ["-O1", "-cudart", "static", ...arch, "-o", made, source];
    // No signal: whoever waits next gets it, and compiling again costs more.
    const result = await runTool(nvcc, args, {
      timeoutMs: COMPILE_TIMEOUT_MS,
      cwd: this.#folder,
      env: this.#plainEnv(),
    });
    rmSync(source, { force: true });
    if (!result.ok) {
      rmSync(made, { force: true });
      const said = result.output
        .replace(/Command failed:[\s\S]*$/, "")
        .trim()
        .split(/\r?\n/)
        .slice(-2)
        .join(" ");
      return {
        ok: false,
        reason: `nvcc ${toolkit.version} did not build the check (${result.failure}): ${said.slice(0, 300)}`,
      };
    }
    renameSync(made, target);
    return { ok: true, program };
  }

  async #hasTorch(python: string): Promise<boolean> {
    // Looks for its files, and does not import it.
    const script = "import importlib.util, sys; sys.exit(0 if importlib.util.find_spec('torch') else 3)";
    const { ok } = await runTool(python, ["-I", "-c", script], { timeoutMs: FIND_TIMEOUT_MS, cwd: this.#folder });
    return ok;
  }

  #plainEnv(): Record<string, string> {
    const kept = Object.entries(this.#env).filter(([name]) => !/^(?:KILN_|CUDA_VISIBLE_DEVICES$)/.test(name));
    return Object.fromEntries(kept.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  }
}
