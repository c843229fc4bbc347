import { describeRequirement, KNOWLEDGE, nearestAgent } from "@kiln/matrix";
import { deviceHealth } from "./devices.ts";
import type { LiveHost } from "./live-host.ts";
import { abilitiesOf, type LiveAgent } from "./live-agent.ts";
import type { FarmState, LiveAttempt } from "./farm-state.ts";
import { findJob } from "./farm-state.ts";
import type { LiveRun, Pool } from "./live-job.ts";
import { isInUse, reachOf } from "./pool-reach.ts";
import { limitOf, projectActive } from "./run-limits.ts";
import { formatRunId } from "./run-id.ts";

/** True when some registered agent, online or not and not revoked, has what the pool asks for. */
export function isRunnableSomewhere(farm: FarmState, pool: Pool): boolean {
  for (const agent of farm.agents.values()) if (!agent.standing.revoked && agent.fits(pool) !== null) return true;
  return false;
}

/** When attempts are expected to end, in Unix milliseconds; null: nobody can tell. */
export type ExpectedEnd = (attempt: LiveAttempt) => number | null;

export interface WaitDetail {
  readonly nowMs: number;
  readonly expectedEndMs: ExpectedEnd;
}

/**
 * One sentence on why a ready job of this pool is not running. With `detail`
 * also what those who could run it are busy with, and until about when.
 * `run`: whose job it is; null where that is not known.
 */
export function explainWait(
  farm: FarmState,
  run: LiveRun | null,
  pool: Pool,
  detail: WaitDetail | null = null,
): string {
  const what = inWords(describeRequirement(pool.requirement, KNOWLEDGE));
  const agents = [...farm.agents.values()].filter(({ standing }) => !standing.revoked);
  if (agents.length === 0) return `no agent is registered; this job needs ${what}`;
  const able = agents.filter((agent) => agent.fits(pool) !== null);
  if (able.length === 0) return `no agent has ${lacking(agents, pool)}`;
  const reach = reachOf(farm, pool);
  const ready = [...reach.agents].filter((agent) => agent.presence === "online");
  if (ready.length === 0) return nobodyInUse(able, pool, what);
  const limit = run && limitOf(farm, run);
  if (run && limit !== null) return limitWords(farm, run, limit);
  const waits = waitWords(farm, ready, pool, what);
  if (waits === null) return "about to be assigned, after jobs that go first";
  return detail ? `${waits}${busyWords(farm, ready, detail)}` : waits;
}

function lacking(agents: readonly LiveAgent[], pool: Pool): string {
  const capabilities = agents.map(({ row }) => abilitiesOf(row));
  const { name, missing } = nearestAgent(pool.requirement, capabilities, KNOWLEDGE);
  return `${inWords(missing)}${agents.length > 1 && name !== null ? `; ${name} comes nearest` : ""}`;
}

/** Those who could are offline, held back by an operator, or not well. */
function nobodyInUse(able: readonly LiveAgent[], pool: Pool, what: string): string {
  const offline = able.filter((agent) => isInUse(agent) && agent.presence !== "online");
  if (offline.length === able.length) return `every agent that has ${what} is offline: ${names(able)}`;
  const each = able.map((agent) => `${agent.row.name} ${absence(agent, pool)}`);
  return `no agent that has ${what} is in use: ${inWords(each.slice(0, NAMED_MAX))}${more(each.length)}`;
}

function absence(agent: LiveAgent, pool: Pool): string {
  const { standing, mode, presence } = agent;
  if (standing.health.name === "quarantined") return `is quarantined (${standing.health.reason})`;
  if (mode.name !== "active") return `is ${mode.name}${mode.reason === "" ? "" : ` (${mode.reason})`}`;
  const broken = (agent.fits(pool) ?? []).filter((uuid) => deviceHealth(agent, uuid).name === "quarantined");
  const [first] = broken;
  if (first !== undefined)
    return `has ${broken.length === 1 ? "its GPU" : `${broken.length} GPUs`} quarantined (${first})`;
  return presence === "online" ? "is online" : "is offline";
}

function limitWords(farm: FarmState, run: LiveRun, limit: "run" | "project"): string {
  if (limit === "project") {
    const { projectJobsMax } = farm.limits;
    return `held back: ${projectActive(farm, run)} jobs of ${run.project} run, and the farm's limit for a project is ${projectJobsMax}`;
  }
  const of = run.maxParallel <= farm.limits.runJobsMax ? "its max-parallel" : "the farm's limit for a run";
  const max = Math.min(run.maxParallel, farm.limits.runJobsMax);
  return `held back: ${run.active} jobs of ${formatRunId(run.row.run)} run, and ${of} is ${max}`;
}

/** What is missing on all of them; null when something is free on one. */
function waitWords(farm: FarmState, ready: readonly LiveAgent[], pool: Pool, what: string): string | null {
  const have = ready.length === 1 ? "1 agent has" : `${ready.length} agents have`;
  const slots = ready.reduce((sum, agent) => sum + agent.row.slots, 0);
  const kept = [...farm.reserved].filter(({ reserved }) => reserved?.pool.key === pool.key);
  if (pool.host) {
    const hosts = new Map(ready.map((agent) => [agent.host, agent]));
    const isIdle = [...hosts.keys()].some((host) => isRoom(host, pool) && host.busy === 0);
    if (isIdle) return null;
    const keeping = kept.length === 0 ? "" : `; nothing new begins on ${nameOn(farm, kept)} until it is idle`;
    return `waits for a machine to itself: ${have} ${what}, ${hosts.size === 1 ? "which is" : "all of which are"} busy${keeping}`;
  }
  const open = ready.filter((agent) => agent.busy < agent.row.slots);
  if (open.length === 0) {
    return `waits for a slot: ${have} ${what}, ${slots === 1 ? "its slot is" : `all ${slots} slots are`} busy`;
  }
  const room = open.filter((agent) => isRoom(agent.host, pool));
  if (room.length === 0) {
    const held = open.find((agent) => agent.host.exclusive !== null);
    const why = held ? "has its machine to itself" : "is about to have its machine to itself";
    return `waits for a machine: ${have} ${what}, and on each with a free slot another job ${why}`;
  }
  if (pool.gpus === 0 || room.some((agent) => freeGpus(agent, pool) >= pool.gpus)) return null;
  return `waits for ${pool.gpus === 1 ? "a GPU" : `${pool.gpus} GPUs at once`}: ${have} ${what}, and other jobs hold the GPUs`;
}

function isRoom({ exclusive, reserved }: LiveHost, pool: Pool): boolean {
  if (exclusive !== null) return false;
  if (!reserved || reserved.pool.key === pool.key) return true;
  return reserved.what === "gpus" && pool.gpus === 0 && !pool.host;
}

function freeGpus(agent: LiveAgent, pool: Pool): number {
  return (agent.fits(pool) ?? []).filter(
    (uuid) => !agent.host.held.has(uuid) && deviceHealth(agent, uuid).name !== "quarantined",
  ).length;
}

const NAMED_MAX = 3;

/** "; a runs build-x of r1, for about 4 min more". The one that ends first is named first. */
function busyWords(farm: FarmState, ready: readonly LiveAgent[], { nowMs, expectedEndMs }: WaitDetail): string {
  const hosts = new Set(ready.map(({ host }) => host.key));
  const attempts = [...farm.attempts.values()]
    .filter(({ devices }) => hosts.has(devices.host))
    .map((attempt) => ({ attempt, endMs: expectedEndMs(attempt) ?? Number.POSITIVE_INFINITY }))
    .toSorted((a, b) => a.endMs - b.endMs);
  const named = attempts.slice(0, NAMED_MAX).map(({ attempt, endMs }) => {
    const agent = farm.agents.get(attempt.agentId)?.row.name ?? attempt.agentId;
    const { job, run } = findJob(farm, attempt.key);
    const left = endMs === Number.POSITIVE_INFINITY ? "" : `, for about ${minutes(endMs - nowMs)}`;
    return `${agent} runs ${job.name} of ${formatRunId(run.row.run)}${left}`;
  });
  return named.length === 0 ? "" : `; ${inWords(named)}${more(attempts.length)}`;
}

function minutes(ms: number): string {
  if (ms < 60_000) return "a minute more";
  const count = Math.round(ms / 60_000);
  return `${count} min more`;
}

function more(count: number): string {
  return count > NAMED_MAX ? ` and ${count - NAMED_MAX} more` : "";
}

function nameOn(farm: FarmState, hosts: readonly LiveHost[]): string {
  const on = [...farm.agents.values()].filter((agent) => hosts.includes(agent.host));
  return inWords(on.map(({ row }) => row.name));
}

/** "a", "a and b", "a, b and c". */
function inWords(things: readonly string[]): string {
  if (things.length <= 1) return things.join("");
  return `${things.slice(0, -1).join(", ")} and ${things.at(-1)}`;
}

function names(agents: readonly LiveAgent[]): string {
  return agents.map((agent) => agent.row.name).join(", ");
}
