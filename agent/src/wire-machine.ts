import { MachineHealth } from "./adapters/health/machine-health.ts";
import { GpuReadings } from "./adapters/gpu/gpu-readings.ts";
import { findNcu, probeCounters } from "./adapters/gpu/probe-counters.ts";
import { diskFreeBytes } from "./adapters/inventory/read-machine.ts";
import { memoryAvailableBytes, readPressure } from "./adapters/system/machine-pressure.ts";
import type { AgentConfig } from "./config.ts";
import type { Gpu, Probe } from "./domain/gpu/gpu.ts";
import type { Clock } from "./ports/clock.ts";
import type { Executor } from "./ports/executor.ts";
import type { HealthReporter } from "./ports/health.ts";
import type { Log } from "./ports/log.ts";
import type { MachineReadings } from "./ports/readings.ts";
import { DeviceExecutor } from "./services/device-executor.ts";
import { Health } from "./services/health.ts";
import type { MachineWatch } from "./services/machine-watch.ts";

interface Parts {
  readonly agentId: string;
  readonly watch: MachineWatch;
  readonly executor: Executor;
  /** Where programs of this machine are looked for. */
  readonly machineEnv: NodeJS.ProcessEnv;
  readonly reporter: HealthReporter;
}

interface Common {
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
}

/** What looks after this machine. */
export interface Machine {
  readonly health: Health;
  /** Runs jobs with the devices that they have. */
  readonly executor: Executor;
  /** For heartbeats: returns at once. */
  readings(): MachineReadings;
}

/** Wires the health of this machine, and what is known of it. */
export function wireMachine(config: AgentConfig, parts: Parts, common: Common): Machine {
  const { agentId, watch, executor, reporter, machineEnv: env } = parts;
  const { folder, healthPython, healthIntervalMs } = config;
  const inventory = () => watch.current;
  const probe = new MachineHealth({ agentId, folder, inventory, env, healthPython, log: common.log });
  const tried = new Map<string, Probe>();
  watch.amend((seen) => ({
    ...seen,
    gpus: seen.gpus.map((gpu) => ({ ...gpu, countersReadable: tried.get(keyOf(gpu)) ?? gpu.countersReadable })),
  }));

  /** Once for each GPU and driver; takes as long as it takes. */
  const tryCounters = async (): Promise<void> => {
    const ncu = findNcu(env, inventory().cudaToolkits);
    for (const gpu of ncu === null ? [] : inventory().gpus) {
      const device = gpu.migMode === "enabled" ? gpu.migSlices[0]?.uuid : gpu.uuid;
      const program = await probe.checkProgram(gpu);
      if (ncu === null || program === null || device === undefined || health.isTaken(device)) continue;
      tried.set(keyOf(gpu), await probeCounters(ncu, program, device, env));
      await watch.refresh();
    }
  };
  const health = new Health({ probe, reporter, ...common }, healthIntervalMs, (moment) => {
    if (moment === "join") void tryCounters();
    else void watch.refresh();
  });
  const gpus = new GpuReadings({
    env,
    clock: common.clock,
    isWanted: () => inventory().gpus.length > 0 && !health.isMachineTaken,
  });
  return {
    health,
    executor: new DeviceExecutor(executor, health, () => inventory().gpus.length > 0),
    readings: () => ({
      diskFreeBytes: diskFreeBytes(folder),
      memoryAvailableBytes: memoryAvailableBytes(),
      pressure: readPressure(),
      gpus: gpus.current(),
    }),
  };
}

function keyOf({ uuid, driver }: Gpu): string {
  return `${uuid} ${driver}`;
}
