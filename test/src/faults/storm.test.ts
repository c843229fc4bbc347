import { describe, expect, it } from "vitest";
import { seedOf } from "../farm/seeded-random.ts";
import { namespacesMissing } from "./namespaces.ts";
import type { FaultKind } from "./schedule.ts";
import { storm } from "./storm.ts";

const FAULTS = 200;

describe("a farm across three network namespaces", () => {
  it(`keeps every promise through ${FAULTS} faults`, async (context) => {
    const missing = namespacesMissing();
    if (missing !== null) return context.skip(missing);
    const seed = seedOf("KILN_SEED");
    console.log(`seed ${seed} (KILN_SEED=${seed} repeats the schedule)`);
    const { problems, byKind, runs, attempts, wallMs } = await storm({ seed, faults: FAULTS, note: () => undefined });
    const counts = Object.entries(byKind).map(([kind, count]) => `${kind} ${count}`);
    console.log(`${runs} runs, ${attempts} attempts, ${Math.round(wallMs / 1000)} s; ${counts.join(", ")}`);
    expect(problems).toEqual([]);
    expect(Object.keys(byKind).sort()).toEqual([...EVERY_KIND].sort());
    // Faults without work in between would prove nothing.
    expect(runs).toBeGreaterThan(20);
    return undefined;
  }, 600_000);
});

const EVERY_KIND = [
  "kill",
  "stop",
  "nats-restart",
  "nats-store-lost",
  "assignments-again",
  "disk-full",
  "clock-jump",
  "cut-both",
  "cut-in",
  "cut-out",
  "packet-loss",
  "latency",
  "stall-requests",
  "stall-answers",
  "swallow-answers",
  "connections-cut",
] satisfies FaultKind[];
