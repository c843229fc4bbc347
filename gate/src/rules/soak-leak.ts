import { count } from "../text/count.ts";
import { median } from "../statistics/order.ts";
import type { Evidence } from "../verdict.ts";
import type { SoakFact } from "./gate-facts.ts";
import { decide, rule, statement } from "./rule.ts";

const HOUR_MS = 60 * 60 * 1000;

interface SoakOptions {
  readonly durationMs: number;
  readonly growthMaxBytes: number;
}

const DEFAULTS: SoakOptions = { durationMs: 8 * HOUR_MS, growthMaxBytes: 100e6 };

/** Fewer readings say too little about growth. */
const READINGS_MIN = 20;

const soak = (ranForMs: number, growthBytes: number): SoakFact => ({
  cell: "cp312-linux-x86_64",
  job: "soak-cp312-linux-x86_64",
  ranForMs,
  memory: Array.from({ length: 40 }, (_, i) => ({ atMs: (i * ranForMs) / 39, bytes: 1e9 + (growthBytes * i) / 39 })),
});

/**
 * G25: ran for the declared time, and memory grew by less than the limit: from
 * the median of the second tenth of the readings (the first is start-up) to
 * that of the last, so that no single reading decides.
 */
export const soakLeak = rule({
  id: "G25",
  name: "soak-leak",
  needs: ["soaks"],
  defaults: DEFAULTS,
  judge: ({ soaks }, { durationMs, growthMaxBytes }) => {
    const problems: Evidence[] = [];
    const doubts: Evidence[] = [];
    const evidence: Evidence[] = [];
    for (const { job, ranForMs, memory } of soaks) {
      if (memory.length < READINGS_MIN)
        doubts.push(statement(`${job}: memory was read ${memory.length} times, at least ${READINGS_MIN} are needed`));
      else {
        const tenth = Math.floor(memory.length / 10);
        const level = (from: number) => median(memory.slice(from, from + tenth).map(({ bytes }) => bytes));
        const growth = level(memory.length - tenth) - level(tenth);
        const text = `${job}: memory grew by ${(growth / 1e6).toFixed(1)} MB in ${(ranForMs / HOUR_MS).toFixed(1)} h`;
        const measured: Evidence = {
          kind: "measured",
          what: `${job}: growth`,
          value: growth,
          unit: "B",
          limit: `≤ ${growthMaxBytes}`,
          text,
        };
        (growth > growthMaxBytes ? problems : evidence).push(measured);
      }
      if (ranForMs < durationMs)
        doubts.push(
          statement(`${job}: ran ${(ranForMs / HOUR_MS).toFixed(1)} h of ${(durationMs / HOUR_MS).toFixed(1)} h`),
        );
    }
    if (soaks.length === 0) doubts.push(statement("no soak was run"));
    return decide(
      { problems, doubts, evidence },
      `memory stayed within ${growthMaxBytes / 1e6} MB in ${count(soaks.length, "soak")}`,
    );
  },
  cases: {
    pass: { facts: { soaks: [soak(8 * HOUR_MS, 20e6)] }, options: DEFAULTS },
    fail: { facts: { soaks: [soak(8 * HOUR_MS, 200e6)] }, options: DEFAULTS },
    cannotTell: { facts: { soaks: [soak(3 * HOUR_MS, 20e6)] }, options: DEFAULTS },
  },
});
