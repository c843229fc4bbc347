import { lines, number, table, type Section } from "./panels.ts";

const OF = 'agent=~"$agent"';

export const AGENT_SECTIONS: readonly Section[] = [
  {
    title: "Now",
    panels: [
      number("Online", 'sum(kiln_agents{state="online"})', { says: "Heard of in time." }),
      number("Offline", 'sum(kiln_agents{state="offline"})', {
        says: "Known, and not heard of.",
        thresholds: [
          { value: null, color: "green" },
          { value: 1, color: "orange" },
        ],
      }),
      number("Suspect", 'sum(kiln_agents{health="suspect"})', {
        says: "Had an infrastructure failure since their last good look.",
      }),
      number("Quarantined", 'sum(kiln_agents{health="quarantined"})', {
        says: "A health check failed: they get no work until an operator clears them (kiln agent clear).",
        thresholds: [
          { value: null, color: "green" },
          { value: 1, color: "red" },
        ],
      }),
    ],
  },
  {
    title: "Agents",
    panels: [
      table("Agents", [{ expr: `kiln_agent_info{${OF}}`, legend: "known" }], {
        says: "State, mode and health of each.",
        hidden: ["Value"],
      }),
      lines("Slots in use", [{ expr: `kiln_agent_slots_busy{${OF}}`, legend: "{{agent}}" }], {
        says: "Jobs on each agent.",
      }),
      lines("Disk that is free", [{ expr: `kiln_agent_disk_free_bytes{${OF}}`, legend: "{{agent}}" }], {
        says: "Where jobs run.",
        unit: "bytes",
      }),
      lines("Pressure", [{ expr: `kiln_agent_pressure_ratio{${OF}}`, legend: "{{agent}} {{resource}}" }], {
        says: "Share of time that something waited for the resource (Linux pressure stall information).",
        unit: "percentunit",
      }),
      lines("Results not yet acknowledged", [{ expr: `kiln_agent_spool_bytes{${OF}}`, legend: "{{agent}}" }], {
        says: "In the agents' spools: grows while the coordinator or its disk is behind.",
        unit: "bytes",
      }),
    ],
  },
  {
    title: "GPUs",
    panels: [
      lines("Utilisation", [{ expr: `kiln_gpu_utilization_ratio{${OF}}`, legend: "{{agent}} {{gpu}}" }], {
        says: "As the driver has it.",
        unit: "percentunit",
      }),
      lines("Temperature", [{ expr: `kiln_gpu_temperature_celsius{${OF}}`, legend: "{{agent}} {{gpu}}" }], {
        says: "Of the die.",
        unit: "celsius",
      }),
      lines("SM clock", [{ expr: `kiln_gpu_sm_clock_hertz{${OF}}`, legend: "{{agent}} {{gpu}}" }], {
        says: "Low under load means throttling: benchmarks are then discarded.",
        unit: "hertz",
      }),
      lines("Memory in use", [{ expr: `kiln_gpu_memory_used_bytes{${OF}}`, legend: "{{agent}} {{gpu}}" }], {
        says: "Memory that stays in use between jobs is a leftover.",
        unit: "bytes",
      }),
    ],
  },
];
