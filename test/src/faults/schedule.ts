import type { SeededRandom } from "../farm/seeded-random.ts";
import { LEASE_TTL_MS, type AgentName } from "./fault-farm.ts";

/** What is done to the farm. `holdMs` is how long it is left so. */
export type Fault =
  /** kill -9; what else is gone with it is gone when it starts again after the time. */
  | { readonly kind: "kill"; readonly part: "coordinator" | "nats" | AgentName; readonly holdMs: number }
  /** SIGSTOP, then SIGCONT. */
  | { readonly kind: "stop"; readonly part: "coordinator" | "nats" | AgentName; readonly holdMs: number }
  /** nats-server ends as asked and starts again, with its store or with none. */
  | { readonly kind: "nats-restart" | "nats-store-lost"; readonly part: "nats"; readonly holdMs: number }
  /** Assignments that were published before are published again, in another order. */
  | { readonly kind: "assignments-again"; readonly part: "nats"; readonly seed: number; readonly holdMs: number }
  | {
      readonly kind: "disk-full";
      readonly part: "coordinator" | AgentName;
      readonly leftBytes: number;
      readonly holdMs: number;
    }
  /** The wall clock is set to be that far off; the next one of that part sets it anew. */
  | {
      readonly kind: "clock-jump";
      readonly part: "coordinator" | AgentName;
      readonly byMs: number;
      readonly holdMs: number;
    }
  | {
      readonly kind: "cut-both" | "cut-in" | "cut-out" | "packet-loss";
      readonly part: AgentName;
      readonly holdMs: number;
    }
  /** Of the wire of a1; see WireState. */
  | {
      readonly kind: "latency" | "stall-requests" | "stall-answers" | "swallow-answers" | "connections-cut";
      readonly part: "a1";
      readonly holdMs: number;
    };

export type FaultKind = Fault["kind"];

/** Faults of one lane come one after the other, those of different lanes at the same time. */
export type Lanes = readonly (readonly Fault[])[];

const SHORT_MS = { min: 50, max: 300 } as const;
/** Longer than a lease: what holds one loses it. */
const LONG_MS = { min: LEASE_TTL_MS + 100, max: LEASE_TTL_MS + 500 } as const;
const SECOND_MS = 1_000;
/** As a clock without a battery, a wrong time zone, or a small correction sets it. */
const JUMPS_MS = [-86_400_000, -3_600_000, -10 * SECOND_MS, 0, 10 * SECOND_MS, 3_600_000, 86_400_000] as const;
/** Of a disk that is full: a commit or a frame may still fit, or nothing. */
const LEFT_BYTES = [0, 0, 64 * 1024] as const;

/** What can be done in each lane; drawn from evenly. */
const COORDINATOR_LANE = ["kill", "stop", "disk-full", "clock-jump"] as const;
const NATS_LANE = ["kill", "stop", "nats-restart", "nats-store-lost", "assignments-again"] as const;
const AGENT_LANE = ["kill", "stop", "disk-full", "clock-jump", "cut-both", "cut-in", "cut-out", "packet-loss"] as const;
const WIRE_LANE = ["latency", "stall-requests", "stall-answers", "swallow-answers", "connections-cut"] as const;

/** That many faults in four lanes: of the coordinator, of NATS, and of each agent. The same for the same seed. */
export function faultSchedule(random: SeededRandom, count: number): Lanes {
  const share = (lane: number): number => Math.floor((count + lane) / 4);
  return [
    draw(random, COORDINATOR_LANE, share(0)).map((what) => coordinatorFault(random, what)),
    draw(random, NATS_LANE, share(1)).map((what) => natsFault(random, what)),
    draw(random, [...AGENT_LANE, ...WIRE_LANE], share(2)).map((what) => agentFault(random, "a1", what)),
    draw(random, AGENT_LANE, share(3)).map((what) => agentFault(random, "a2", what)),
  ];
}

/** Every one as often as every other, in random order. */
function draw<T>(random: SeededRandom, choices: readonly T[], count: number): T[] {
  const rounds = Math.ceil(count / choices.length);
  const drawn = Array.from({ length: rounds }, () => random.shuffle(choices)).flat();
  return drawn.slice(0, count);
}

function hold(random: SeededRandom): number {
  const range = random.integer(1, 3) === 1 ? LONG_MS : SHORT_MS;
  return random.integer(range.min, range.max);
}

function pick<T>(random: SeededRandom, choices: readonly T[]): T {
  return choices[random.integer(0, choices.length - 1)] as T;
}

function coordinatorFault(random: SeededRandom, what: (typeof COORDINATOR_LANE)[number]): Fault {
  const part = "coordinator";
  const holdMs = hold(random);
  switch (what) {
    case "kill":
      return { kind: what, part, holdMs };
    case "stop":
      return { kind: what, part, holdMs: random.integer(LONG_MS.min, LONG_MS.max) };
    case "disk-full":
      return { kind: what, part, leftBytes: pick(random, LEFT_BYTES), holdMs };
    case "clock-jump":
      return { kind: what, part, byMs: pick(random, JUMPS_MS), holdMs };
  }
}

function natsFault(random: SeededRandom, what: (typeof NATS_LANE)[number]): Fault {
  const part = "nats";
  switch (what) {
    case "kill":
    case "nats-restart":
    case "nats-store-lost":
      return { kind: what, part, holdMs: hold(random) };
    case "stop":
      return { kind: what, part, holdMs: random.integer(LONG_MS.min, LONG_MS.max) };
    case "assignments-again":
      return { kind: what, part, seed: random.integer(1, 0x7fff_ffff), holdMs: 0 };
  }
}

function agentFault(
  random: SeededRandom,
  part: AgentName,
  what: (typeof AGENT_LANE)[number] | (typeof WIRE_LANE)[number],
): Fault {
  const holdMs = hold(random);
  switch (what) {
    case "kill":
      return { kind: what, part, holdMs };
    case "stop":
      return { kind: what, part, holdMs: random.integer(LONG_MS.min, LONG_MS.max) };
    case "disk-full":
      return { kind: what, part, leftBytes: pick(random, LEFT_BYTES), holdMs };
    case "clock-jump":
      return { kind: what, part, byMs: pick(random, JUMPS_MS), holdMs };
    case "cut-both":
    case "cut-in":
    case "cut-out":
      return { kind: what, part, holdMs };
    case "packet-loss":
      return { kind: what, part, holdMs: random.integer(LONG_MS.min, LONG_MS.max) };
    case "latency":
    case "stall-requests":
    case "stall-answers":
    case "swallow-answers":
    case "connections-cut":
      return {
        kind: what,
        part: "a1",
        holdMs: what === "latency" ? random.integer(LONG_MS.min, LONG_MS.max) : holdMs,
      };
  }
}

/** For people: `kill a1 for 120 ms`. */
export function describeFault(fault: Fault): string {
  const { kind, part, holdMs, ...rest } = fault;
  const details = Object.entries(rest).map(([name, value]) => `, ${name} ${value}`);
  return `${kind} ${part} for ${holdMs} ms${details.join("")}`;
}
