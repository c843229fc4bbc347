import { AGENT_MODES, HEALTHS } from "@kiln/proto";
import { Gauge, type Registry } from "prom-client";
import type { AgentSample } from "../../domain/farm-gauges.ts";
import type { Readings } from "../../domain/readings.ts";

/** Agents with series of their own; the others are in the sums only. */
export const AGENTS_TOLD_MAX = 500;

/** How agents stand, and what they said last. What an agent does not say has no series: 0 would be a lie. */
export class AgentInstruments {
  readonly #counts;
  readonly #told;

  constructor(registry: Registry) {
    const registers = [registry];
    const gauge = <const L extends string>(name: string, help: string, labelNames: readonly L[]) =>
      new Gauge<L>({ name, help, labelNames: [...labelNames], registers });
    this.#counts = gauge(
      "kiln_agents",
      "Agents that ever registered, by whether they are heard of, what operators let them do, and their health",
      ["state", "mode", "health"],
    );
    this.#told = {
      info: gauge("kiln_agent_info", `Always 1: how each agent stands, the first ${AGENTS_TOLD_MAX} of them`, [
        ...["agent", "state", "mode", "health"],
      ]),
      slotsBusy: gauge("kiln_agent_slots_busy", "Jobs that the agent has", ["agent"]),
      diskFree: gauge("kiln_agent_disk_free_bytes", "Free where the agent's jobs run", ["agent"]),
      spool: gauge("kiln_agent_spool_bytes", "Results that the agent has and the coordinator has not acknowledged", [
        "agent",
      ]),
      pressure: gauge(
        "kiln_agent_pressure_ratio",
        "Share of the last ten seconds in which something waited for the resource (Linux pressure stall information)",
        ["agent", "resource"],
      ),
      memoryAvailable: gauge("kiln_agent_memory_available_bytes", "Memory that programs can still have", ["agent"]),
      gpuUtilization: gauge("kiln_gpu_utilization_ratio", "Share of time in which a kernel ran, as the driver says", [
        ...["agent", "gpu"],
      ]),
      gpuTemperature: gauge("kiln_gpu_temperature_celsius", "Of the GPU's die", ["agent", "gpu"]),
      gpuClock: gauge("kiln_gpu_sm_clock_hertz", "Clock of its multiprocessors", ["agent", "gpu"]),
      gpuMemory: gauge("kiln_gpu_memory_used_bytes", "Memory of the GPU that is in use", ["agent", "gpu"]),
    };
  }

  /** In place of what was told before: what no agent is any more must not be told again. */
  set(agents: readonly AgentSample[]): void {
    for (const state of ["online", "offline"] as const) {
      for (const mode of AGENT_MODES) for (const health of HEALTHS) this.#counts.set({ state, mode, health }, 0);
    }
    for (const { state, mode, health } of agents) this.#counts.inc({ state, mode, health });
    for (const gauge of Object.values(this.#told)) gauge.reset();
    for (const sample of agents.slice(0, AGENTS_TOLD_MAX)) this.#tell(sample);
  }

  #tell({ agent, state, mode, health, slotsBusy, said }: AgentSample): void {
    const told = this.#told;
    told.info.set({ agent, state, mode, health }, 1);
    told.slotsBusy.set({ agent }, slotsBusy);
    if (!said) return;
    told.diskFree.set({ agent }, said.diskFreeBytes);
    told.spool.set({ agent }, said.spoolBytes);
    if (said.readings) this.#tellReadings(agent, said.readings);
  }

  #tellReadings(agent: string, readings: Readings): void {
    const { pressure, memoryAvailable, gpuUtilization, gpuTemperature, gpuClock, gpuMemory } = this.#told;
    const { cpuPressure, memoryPressure, ioPressure, memoryAvailableBytes } = readings;
    for (const [resource, percent] of Object.entries({ cpu: cpuPressure, memory: memoryPressure, io: ioPressure })) {
      if (percent !== null) pressure.set({ agent, resource }, percent / 100);
    }
    if (memoryAvailableBytes !== null) memoryAvailable.set({ agent }, memoryAvailableBytes);
    for (const { uuid, utilizationPercent, temperatureCelsius, smClockMhz, memoryUsedBytes } of readings.gpus) {
      const labels = { agent, gpu: uuid };
      if (utilizationPercent !== null) gpuUtilization.set(labels, utilizationPercent / 100);
      if (temperatureCelsius !== null) gpuTemperature.set(labels, temperatureCelsius);
      if (smClockMhz !== null) gpuClock.set(labels, smClockMhz * 1e6);
      if (memoryUsedBytes !== null) gpuMemory.set(labels, memoryUsedBytes);
    }
  }
}
