import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Gpu } from "../../domain/gpu/gpu.ts";
import type { SmiGpu, SmiLog } from "../../domain/gpu/smi-log.ts";
import type { HealthCheck } from "../../domain/health/health-check.ts";
import { NO_MEMORY, parseMemory, remember, type HealthMemory } from "../../domain/health/health-memory.ts";
import {
  judgeDriver,
  judgeEcc,
  judgeMemory,
  judgeProcesses,
  judgeSlowdown,
  judgeXids,
  type DeviceProcess,
} from "../../domain/health/judge-gpu.ts";
import { judgeMachine } from "../../domain/health/judge-machine.ts";
import type { HealthProbe, Look, LookRequest } from "../../ports/health.ts";
import type { Inventory } from "../../ports/inventory.ts";
import type { Log } from "../../ports/log.ts";
import { Smi } from "../gpu/smi.ts";
import { diskFreeBytes } from "../inventory/read-machine.ts";
import { attemptOfProcess } from "../system/attempt-of-process.ts";
import { memoryAvailableBytes, readPressure } from "../system/machine-pressure.ts";
import { KernelCheck } from "./kernel-check.ts";
import { readXids, type KernelXids } from "./kernel-log.ts";

export interface MachineHealthOptions {
  readonly agentId: string;
  /** The agent's home. */
  readonly folder: string;
  /** What the agent has last seen of its machine. */
  readonly inventory: () => Inventory;
  readonly env: NodeJS.ProcessEnv;
  /** A Python with PyTorch that the owner has named; null: none. */
  readonly healthPython: string | null;
  readonly log: Log;
}

interface Target {
  /** UUID of the GPU or of one of its MIG slices. */
  readonly device: string;
  readonly gpu: Gpu;
}

/** The health of this machine: its driver, kernel log, disk and memory, and a small program on each GPU. */
export class MachineHealth implements HealthProbe {
  readonly #options: MachineHealthOptions;
  readonly #kernel: KernelCheck;
  readonly #memoryPath: string;
  #memory: HealthMemory;

  constructor(options: MachineHealthOptions) {
    this.#options = options;
    this.#kernel = new KernelCheck(join(options.folder, "health"), options.env);
    this.#memoryPath = join(options.folder, "health.json");
    this.#memory = loadMemory(this.#memoryPath);
  }

  devices(): readonly string[] {
    return this.#targets().map(({ device }) => device);
  }

  async look(request: LookRequest): Promise<Look> {
    const { env, folder, inventory } = this.#options;
    const targets = this.#targets().filter(({ device }) => request.devices.includes(device));
    const machine = judgeMachine({
      diskFreeBytes: diskFreeBytes(folder),
      memoryBytes: inventory().memoryBytes,
      memoryAvailableBytes: memoryAvailableBytes(),
      pressure: readPressure(),
    });
    const gone = request.devices.filter((device) => !targets.some((target) => target.device === device));
    const missing = gone.map((device): HealthCheck => judgeDriver(device, undefined));
    if (targets.length === 0) return { checks: [...machine, ...missing], settle: () => undefined };

    const smi = Smi.find(env);
    const [log, xids] = await Promise.all([smi?.log(request.signal), readXids(env, request.signal)]);
    if (!log?.ok) {
      const why = log?.message ?? "nvidia-smi is not there any more";
      const detail = `${why}: look at \`dmesg | grep NVRM\`, and restart the machine if it stays so`;
      const lost = targets.map(({ device }): HealthCheck => ({ name: "driver", device, status: "failed", detail }));
      return { checks: [...machine, ...missing, ...lost], settle: () => undefined };
    }
    const perDevice = await Promise.all(targets.map((target) => this.#judge(target, log.log, xids, request)));
    return {
      checks: [...machine, ...missing, ...perDevice.flat()],
      settle: () => this.#settle(targets, log.log, xids),
    };
  }

  /** The program that is checked with, for others that want one to run on a GPU; null: there is none. */
  async checkProgram(gpu: Gpu): Promise<readonly [string, ...string[]] | null> {
    const found = await this.#kernel.program(gpu, this.#tools());
    return found.ok ? found.program.argv : null;
  }

  async #judge(
    { device, gpu }: Target,
    log: SmiLog,
    xids: KernelXids,
    request: LookRequest,
  ): Promise<readonly HealthCheck[]> {
    const seen = log.gpus.find(({ uuid }) => uuid === gpu.uuid);
    const driver = judgeDriver(device, seen);
    if (!seen || driver.status === "failed") return [driver];
    const isBusy = request.busy.has(device);
    const readings = [
      driver,
      judgeEcc(device, seen, this.#memory),
      judgeXids(device, seen, xids, this.#memory),
      judgeSlowdown(device, seen),
      judgeProcesses(device, this.#processes(seen, request.running)),
      // What a job or the other slices of the GPU hold is nobody's leftover.
      ...(isBusy || gpu.migMode === "enabled" ? [] : [judgeMemory(device, seen)]),
    ];
    const kernel: HealthCheck = isBusy
      ? { name: "kernel", device, status: "not-run", detail: "a job has the device" }
      : await this.#kernel.run(device, gpu, this.#tools(), request.signal);
    return request.signal.aborted ? readings : [...readings, kernel];
  }

  /** Those that compute. What jobs of this agent left behind is killed. */
  #processes(gpu: SmiGpu, running: ReadonlySet<string>): readonly DeviceProcess[] {
    const prefix = `${this.#options.agentId}/`;
    return gpu.processes
      .filter(({ computes }) => computes)
      .map(({ pid, name }): DeviceProcess => {
        const cookie = attemptOfProcess(pid);
        if (cookie === null) return { pid, name, owner: "unknown" };
        if (!cookie.startsWith(prefix)) return { pid, name, owner: "other-agent" };
        if (running.has(cookie.slice(prefix.length))) return { pid, name, owner: "running-job" };
        this.#kill(pid, cookie);
        return { pid, name, owner: "killed" };
      });
  }

  #kill(pid: number, cookie: string): void {
    this.#options.log.warn({ pid, cookie }, "a process that a job had left on a GPU is killed");
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }

  #targets(): readonly Target[] {
    return this.#options.inventory().gpus.flatMap((gpu): Target[] =>
      // With MIG on, nothing can run on the GPU as a whole.
      gpu.migMode === "enabled"
        ? gpu.migSlices.map(({ uuid }) => ({ device: uuid, gpu }))
        : [{ device: gpu.uuid, gpu }],
    );
  }

  #tools() {
    const { inventory, healthPython } = this.#options;
    const { cudaToolkits, pythons } = inventory();
    const named = healthPython === null ? [] : [healthPython];
    return { toolkits: cudaToolkits, pythons: [...named, ...pythons.map(({ path }) => path)] };
  }

  #settle(targets: readonly Target[], log: SmiLog, { xids }: KernelXids): void {
    const uuids = new Set(targets.map(({ gpu }) => gpu.uuid));
    const buses = new Set(targets.map(({ gpu }) => gpu.pciBusId));
    const next = remember(
      this.#memory,
      log.gpus.filter(({ uuid }) => uuids.has(uuid)),
      xids,
      buses,
    );
    if (JSON.stringify(next) === JSON.stringify(this.#memory)) return;
    this.#memory = next;
    const temporary = `${this.#memoryPath}.${process.pid}`;
    try {
      writeFileSync(temporary, JSON.stringify(next), { mode: 0o600 });
      renameSync(temporary, this.#memoryPath);
    } catch (cause) {
      this.#options.log.warn(
        { err: cause },
        "what was seen of the GPUs could not be kept: a later start tells it again",
      );
    }
  }
}

function loadMemory(path: string): HealthMemory {
  try {
    return parseMemory(readFileSync(path, "utf8"));
  } catch {
    // None yet.
    return NO_MEMORY;
  }
}
