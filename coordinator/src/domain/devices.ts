import { GOOD, type Health } from "./agent-standing.ts";
import { attemptId, type AttemptKey } from "./attempt-key.ts";
import type { FarmState } from "./farm-state.ts";
import { gpuOf, type LiveAgent } from "./live-agent.ts";
import { newHost, type LiveHost, type Reservation } from "./live-host.ts";
import type { Pool } from "./live-job.ts";
import type { DevicesRow } from "./rows.ts";

/** The machine of that key, as `hostKeyOf` names it; made when it is not known yet. */
export function hostOf(farm: Pick<FarmState, "hosts">, key: string): LiveHost {
  let host = farm.hosts.get(key);
  if (!host) farm.hosts.set(key, (host = newHost(key)));
  return host;
}

/** Throws when something is held already: the scheduler must never let that happen. */
export function holdDevices(farm: FarmState, key: AttemptKey, devices: DevicesRow): void {
  const host = hostOf(farm, devices.host);
  const holder = attemptId(key);
  if (host.exclusive !== null) throw new Error(`${host.exclusive} has the machine of ${holder} to itself`);
  if (devices.exclusive && host.busy > 0) throw new Error(`${holder} is to have a machine to itself that is busy`);
  for (const uuid of devices.gpus) {
    const other = host.held.get(uuid);
    if (other !== undefined) throw new Error(`${other} holds ${uuid}, which ${holder} is to have`);
    host.held.set(uuid, holder);
  }
  host.busy += 1;
  if (devices.exclusive) host.exclusive = holder;
}

export function reserve(farm: FarmState, host: LiveHost, reserved: Reservation): void {
  host.reserved = reserved;
  farm.reserved.add(host);
}

export function dropReservation(farm: FarmState, host: LiveHost): void {
  host.reserved = null;
  farm.reserved.delete(host);
}

export function releaseDevices(farm: FarmState, key: AttemptKey, devices: DevicesRow): void {
  const host = hostOf(farm, devices.host);
  const holder = attemptId(key);
  host.busy -= 1;
  if (host.exclusive === holder) host.exclusive = null;
  for (const uuid of devices.gpus) if (host.held.get(uuid) === holder) host.held.delete(uuid);
}

/** Of a GPU or MIG slice; what is wrong with a GPU is wrong with its slices. */
export function deviceHealth({ host, row }: LiveAgent, uuid: string): Health {
  const own = host.health.get(uuid) ?? GOOD;
  const whole = host.health.get(gpuOf(row, uuid)) ?? GOOD;
  return SEVERITY[whole.name] > SEVERITY[own.name] ? whole : own;
}

const SEVERITY = { good: 0, suspect: 1, quarantined: 2 } as const;

/** The agent's GPUs that a job of the pool could have, were they free: not the quarantined ones, and the well ones first. */
export function usableDevices(agent: LiveAgent, pool: Pool): readonly string[] | null {
  const { host } = agent;
  const fitting = agent.fits(pool);
  if (fitting === null || pool.gpus === 0 || host.health.size === 0) return fitting;
  const severity = (uuid: string): number => SEVERITY[deviceHealth(agent, uuid).name];
  return fitting.filter((uuid) => severity(uuid) < SEVERITY.quarantined).toSorted((a, b) => severity(a) - severity(b));
}
