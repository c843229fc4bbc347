import type { Knowledge } from "../knowledge/knowledge.ts";
import type { Plan, PlannedJob } from "../plan/plan.ts";
import { describeRequirement, lacks } from "./lacks.ts";
import type { AgentCapabilities, Requirement } from "./requirement.ts";

export interface FarmAgent {
  readonly capabilities: AgentCapabilities;
  readonly online: boolean;
  readonly freeSlots: number;
}

/** When the jobs of a cell can run, judged by the cell's most demanding job. */
export type Prospect =
  /** An agent that can run each of its jobs is idle. */
  | "now"
  /** Every agent that can is busy. */
  | "when-free"
  /** Every agent that can is offline. */
  | "when-online"
  /** No registered agent can. */
  | "never";

export interface Satisfiability {
  /** Cells with the same prospect for the same reason, worst first; each cell of the plan is in exactly one. */
  readonly groups: readonly ProspectGroup[];
}

export interface ProspectGroup {
  readonly prospect: Prospect;
  /** What the nearest agent lacks ("compute capability 9.0"), sorted; empty for cells that can run. */
  readonly missing: readonly string[];
  /** Names of the agents that could, when they are free or online. */
  readonly agents: readonly string[];
  readonly cells: readonly string[];
}

const WORST_FIRST: readonly Prospect[] = ["never", "when-online", "when-free", "now"];

/** Which cells of a plan the farm's agents can run now, later, or never, and what is missing. */
export function satisfiability(plan: Plan, agents: readonly FarmAgent[], knowledge: Knowledge): Satisfiability {
  const prospects = new Map<Requirement, Judged>();
  const judged = (requirement: Requirement): Judged => {
    let known = prospects.get(requirement);
    if (!known) prospects.set(requirement, (known = judge(requirement, agents, knowledge)));
    return known;
  };
  const byName = new Map(plan.jobs.map((job) => [job.name, job]));
  const worst = new Map<string, Judged>();
  for (const job of plan.jobs) {
    for (const needed of withNeeds(job, byName)) {
      const now = judged(needed.requirement);
      const before = worst.get(job.cell);
      worst.set(job.cell, before ? worse(before, now) : now);
    }
  }
  const groups = new Map<string, { judged: Judged; cells: string[] }>();
  for (const { name } of plan.cells) {
    const found = worst.get(name);
    if (!found) continue;
    const key = JSON.stringify([found.prospect, found.missing, found.agents]);
    const group = groups.get(key);
    if (group) group.cells.push(name);
    else groups.set(key, { judged: found, cells: [name] });
  }
  return {
    groups: [...groups.values()]
      .map(({ judged: { prospect, missing, agents: able }, cells }) => ({ prospect, missing, agents: able, cells }))
      .sort((a, b) => rank(a.prospect) - rank(b.prospect) || b.cells.length - a.cells.length),
  };
}

/** A cell's test is worth nothing without its build, whichever cell that build is named for. */
function withNeeds(job: PlannedJob, byName: ReadonlyMap<string, PlannedJob>): readonly PlannedJob[] {
  const needs = job.needs.map((name) => byName.get(name)).filter((need) => need !== undefined);
  return [job, ...needs];
}

interface Judged {
  readonly prospect: Prospect;
  readonly missing: readonly string[];
  readonly agents: readonly string[];
}

function judge(requirement: Requirement, agents: readonly FarmAgent[], knowledge: Knowledge): Judged {
  const able = agents.filter(({ capabilities }) => lacks(requirement, capabilities, knowledge).length === 0);
  if (able.length === 0) {
    const missing = nearestLack(
      requirement,
      agents.map(({ capabilities }) => capabilities),
      knowledge,
    );
    return { prospect: "never", missing, agents: [] };
  }
  const names = able.map(({ capabilities }) => capabilities.name).sort();
  const online = able.filter((agent) => agent.online);
  if (online.length === 0) return { prospect: "when-online", missing: [], agents: names };
  if (online.some(({ freeSlots }) => freeSlots > 0)) return { prospect: "now", missing: [], agents: [] };
  return { prospect: "when-free", missing: [], agents: names };
}

/** What the agent that comes nearest lacks; without any agent, all that is needed. Never empty when nobody can. */
export function nearestLack(
  requirement: Requirement,
  agents: readonly AgentCapabilities[],
  knowledge: Knowledge,
): readonly string[] {
  return nearestAgent(requirement, agents, knowledge).missing;
}

/** The agent that lacks least, and what it lacks; without any agent, no name and all that is needed. */
export function nearestAgent(
  requirement: Requirement,
  agents: readonly AgentCapabilities[],
  knowledge: Knowledge,
): { readonly name: string | null; readonly missing: readonly string[] } {
  const lacking = agents.map((agent) => ({
    name: agent.name,
    missing: [...lacks(requirement, agent, knowledge)].sort(),
  }));
  lacking.sort((a, b) => a.missing.length - b.missing.length || (a.missing.join() < b.missing.join() ? -1 : 1));
  return lacking[0] ?? { name: null, missing: [...describeRequirement(requirement, knowledge)].sort() };
}

function worse(a: Judged, b: Judged): Judged {
  const difference = rank(a.prospect) - rank(b.prospect);
  if (difference !== 0) return difference < 0 ? a : b;
  if (a.prospect !== "never") return a;
  // Both can never run: a person wants to know all that is missing.
  return { ...a, missing: [...new Set([...a.missing, ...b.missing])].sort() };
}

function rank(prospect: Prospect): number {
  return WORST_FIRST.indexOf(prospect);
}
