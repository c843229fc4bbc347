import { applyJobEvent } from "./apply-job-event.ts";
import type { Effects } from "./effects.ts";
import type { FarmState } from "./farm-state.ts";
import { dropReservation, reserve } from "./devices.ts";
import type { Pool } from "./live-job.ts";
import { reachOf } from "./pool-reach.ts";
import { schedule, type Assignment } from "./schedule.ts";

/** Decides until nothing is left to decide, and returns how many jobs were given to agents. */
export function assignReady(
  farm: FarmState,
  context: { readonly nowMs: number; readonly leaseTtlMs: number },
  effects: Effects,
  decide: typeof schedule = schedule,
  onAssigned: (assignment: Assignment) => void = () => {},
): number {
  dropIdleReservations(farm);
  let assigned = 0;
  for (let next = decide(farm, context.nowMs); next; next = decide(farm, context.nowMs)) {
    if (next.type === "keep-free") {
      reserve(farm, next.host, { pool: next.pool, what: next.what, sinceMs: context.nowMs });
      continue;
    }
    const { run, job, agent, gpus } = next;
    const devices = { host: agent.host.key, gpus, exclusive: job.pool.host };
    const event = { type: "assign", agentId: agent.row.agentId } as const;
    applyJobEvent(farm, run, job, event, { ...context, summary: "", devices }, effects);
    assigned += 1;
    onAssigned(next);
  }
  return assigned;
}

/** A machine is not kept free for jobs that do not wait any more, or that it cannot have. */
function dropIdleReservations(farm: FarmState): void {
  const waits = new Map<Pool, boolean>();
  for (const host of farm.reserved) {
    const pool = host.reserved?.pool;
    if (!pool) throw new Error(`${host.key} is listed as kept free, and is not`);
    let isWaitedFor = waits.get(pool);
    if (isWaitedFor === undefined) {
      isWaitedFor = farm.ready.entriesOf(pool.key).some((entry) => farm.ready.first(entry) !== null);
      waits.set(pool, isWaitedFor);
    }
    if (!isWaitedFor || !reachOf(farm, pool).hosts.has(host)) dropReservation(farm, host);
  }
}
