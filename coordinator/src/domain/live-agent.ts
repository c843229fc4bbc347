import { capabilitiesOf, fittingGpus, KNOWLEDGE, lacks, type AgentCapabilities } from "@kiln/matrix";
import { modeAt, type AgentMode, type AgentStanding } from "./agent-standing.ts";
import type { LiveHost } from "./live-host.ts";
import type { Pool } from "./live-job.ts";
import type { Readings } from "./readings.ts";
import type { AgentRow } from "./rows.ts";

/** Answers kept for one agent; past this they are all forgotten and asked again. */
const ANSWERS_MAX = 10_000;

export type AgentPresence =
  /** Heard of within a lease's length. */
  | "online"
  /** Known from before a restart of the coordinator, which has not waited for a lease's length yet. */
  | "expected"
  | "offline";

export interface LiveAgent {
  row: AgentRow;
  /** Its machine: agents with an equal one share GPUs. */
  readonly host: LiveHost;
  /** The GPUs of which a job of the pool can use any; null when the agent lacks something. Busy or not, well or not. */
  readonly fits: (pool: Pool) => readonly string[] | null;
  standing: AgentStanding;
  /** What it may do now, by its standing and the time it was last looked at. */
  mode: AgentMode;
  /** Attempts that the agent holds. */
  busy: number;
  lastSeenMs: number;
  presence: AgentPresence;
  diskFreeBytes: number;
  /** Results that it has and the coordinator has not acknowledged, as of its last heartbeat. */
  spoolBytes: number;
  /** Of its last heartbeat; null: none since it registered. */
  readings: Readings | null;
}

/** An agent as it registered, on the machine that `hostKeyOf` names. */
export function newLiveAgent(
  row: AgentRow,
  standing: AgentStanding,
  host: LiveHost,
  seen: { readonly presence: AgentPresence; readonly nowMs: number },
): LiveAgent {
  return {
    row,
    host,
    fits: fitsOf(row),
    standing,
    mode: modeAt(standing, seen.nowMs),
    busy: 0,
    lastSeenMs: seen.nowMs,
    presence: seen.presence,
    diskFreeBytes: row.inventory.diskFreeBytes,
    spoolBytes: 0,
    readings: null,
  };
}

/** An agent that cannot tell its machine has one of its own. */
export function hostKeyOf({ agentId, hostId }: AgentRow): string {
  return hostId === "" ? `agent:${agentId}` : `host:${hostId}`;
}

/** What an agent can run, in the matrix's terms. */
export function abilitiesOf(row: AgentRow): AgentCapabilities {
  const { inventory, name, kinds, installsTorch, executors, labels } = row;
  const { osRelease, pythons, gpus, cudaToolkits } = inventory;
  return capabilitiesOf({ name, kinds, osRelease, pythons, installsTorch, gpus, cudaToolkits, executors, labels });
}

/** A row never changes: what it fits is worked out once, also for an agent that is built again. */
const KNOWN = new WeakMap<AgentRow, LiveAgent["fits"]>();

function fitsOf(row: AgentRow): LiveAgent["fits"] {
  let fits = KNOWN.get(row);
  if (!fits) KNOWN.set(row, (fits = answersOf(row)));
  return fits;
}

/** The scheduler asks for every pool at every decision: answers are kept. */
function answersOf(row: AgentRow): LiveAgent["fits"] {
  const capabilities = abilitiesOf(row);
  const answers = new Map<string, readonly string[] | null>();
  return ({ needsKey, requirement }) => {
    const known = answers.get(needsKey);
    if (known !== undefined) return known;
    if (answers.size >= ANSWERS_MAX) answers.clear();
    const able = lacks(requirement, capabilities, KNOWLEDGE).length === 0;
    const fitting = able ? fittingGpus(requirement, capabilities, KNOWLEDGE) : null;
    answers.set(needsKey, fitting);
    return fitting;
  };
}

/** Every GPU and MIG slice that the agent has, by uuid. */
export function devicesOf({ inventory }: AgentRow): ReadonlySet<string> {
  return new Set(inventory.gpus.flatMap(({ uuid, migSlices }) => [uuid, ...migSlices.map((slice) => slice.uuid)]));
}

/** The GPU whose slice a device is, or the device itself. */
export function gpuOf({ inventory }: AgentRow, device: string): string {
  return inventory.gpus.find(({ migSlices }) => migSlices.some(({ uuid }) => uuid === device))?.uuid ?? device;
}
