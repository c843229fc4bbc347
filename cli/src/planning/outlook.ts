import {
  capabilitiesOf,
  coveredTuples,
  expectedTime,
  KNOWLEDGE,
  satisfiability,
  type ExpectedTime,
  type JobKind,
  type Plan,
  type Satisfiability,
} from "@kiln/matrix";
import type { AgentView, ProjectView } from "@kiln/proto";

/** What a farm would make of a plan. */
export interface Outlook {
  readonly time: KnownTime | NotKnown;
  readonly prospects: (Satisfiability & { readonly kind: "known"; readonly agents: number }) | NotKnown;
}

export interface KnownTime extends ExpectedTime {
  readonly kind: "known";
  /** Jobs at a time. */
  readonly slots: number;
}

export interface NotKnown {
  readonly kind: "unknown";
  /** A sentence. */
  readonly why: string;
}

/** What the running farm says of itself; null for what it does not know. */
export interface FarmFacts {
  readonly agents: readonly AgentView[];
  /** What earlier runs of the project say. */
  readonly earlier: ProjectView | null;
}

/** How long a plan would take, and which of its cells the farm's agents can run. Without a farm nobody knows. */
export function outlook(plan: Plan, farm: FarmFacts | null): Outlook {
  if (farm === null) {
    const none = { kind: "unknown", why: "no farm is running that could say" } as const;
    return { time: none, prospects: none };
  }
  const agents = farm.agents.map((agent) => ({
    capabilities: capabilitiesOf(agent),
    online: agent.state === "online",
    freeSlots: agent.slots - agent.busy,
  }));
  return {
    time: timeOf(plan, farm),
    prospects: { kind: "known", agents: agents.length, ...satisfiability(plan, agents, KNOWLEDGE) },
  };
}

function timeOf(plan: Plan, { agents, earlier }: FarmFacts): Outlook["time"] {
  const name = plan.candidate.name;
  if (earlier === null) return { kind: "unknown", why: "this farm keeps no durations of earlier runs" };
  const { durationsMs } = earlier;
  const kinds = [...new Set(plan.jobs.map((job) => job.kind))];
  const missing = kinds.filter((kind) => durationsMs[kind] === undefined);
  if (missing.length > 0) {
    const which = missing.length === kinds.length ? "job" : `${missing.join(" or ")} job`;
    return { kind: "unknown", why: `no ${which} of ${name} has passed on this farm yet` };
  }
  const slots = agents.reduce((sum, agent) => sum + (agent.state === "online" ? agent.slots : 0), 0);
  if (slots === 0) return { kind: "unknown", why: "no agent of the farm is online" };
  const expected = expectedTime(plan, durationsMs satisfies Partial<Record<JobKind, number>>, slots);
  return expected === null
    ? { kind: "unknown", why: `not every kind of job of ${name} has run on this farm` }
    : { kind: "known", slots, ...expected };
}

/** How well a reduced plan covers combinations of axis values. */
export interface TupleCounts {
  readonly strength: number;
  readonly covered: number;
  /** In some cell that exists, planned or not. */
  readonly possible: number;
  readonly impossible: number;
}

/** Counts pairs (triples for a 3-wise reduction); a value that a cell lacks is none. */
export function tupleCounts(plan: Plan): TupleCounts {
  const wanted = plan.reduction.kind === "t-wise" ? plan.reduction.strength : 2;
  const strength = Math.min(wanted, plan.axes.length);
  const tuples = coveredTuples(plan, strength);
  const sizes = plan.axes.map(({ values }) => values.length);
  const all = products(sizes, strength);
  return {
    strength,
    covered: tuples.filter(({ by }) => by !== null).length,
    possible: tuples.length,
    impossible: all - tuples.length,
  };
}

/** The sum, over all choices of `many` of the numbers, of their products. */
function products(numbers: readonly number[], many: number): number {
  if (many === 0) return 1;
  return numbers.reduce((sum, number, at) => sum + number * products(numbers.slice(at + 1), many - 1), 0);
}
