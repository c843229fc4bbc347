import { attemptId } from "./attempt-key.ts";
import type { FarmLimits, FarmState } from "./farm-state.ts";
import { liveAttemptOf } from "./live-job.ts";

/** Counts again, from the jobs alone, what the farm keeps as running totals. */
export function checkTotals(farm: FarmState, limits: FarmLimits): void {
  const busy = new Map<string, number>();
  const onHost = new Map<string, number>();
  const held = new Map<string, string>();
  let live = 0;
  for (const run of farm.runs.values()) {
    let [active, unfinished] = [0, 0];
    for (const job of run.jobs) {
      if (job.life.state.name !== "finished") unfinished += 1;
      const attempt = liveAttemptOf(run, job);
      if (!attempt) continue;
      const { devices } = farm.attempts.get(attemptId(attempt.key)) ?? fail("an attempt is not kept");
      live += 1;
      active += 1;
      bump(busy, attempt.agentId);
      bump(onHost, devices.host);
      for (const uuid of devices.gpus) held.set(`${devices.host} ${uuid}`, attempt.agentId);
      if (farm.hosts.get(devices.host)?.exclusive && !devices.exclusive) fail("something runs beside an exclusive job");
    }
    if (run.active !== active || run.unfinished !== unfinished) fail("a run's totals are wrong");
    if (run.completedId > 0 || unfinished === 0) fail("a run whose jobs have all ended was not judged");
  }
  if (farm.attempts.size !== live) fail("there are attempts without a job");
  const projects = [...farm.projects.values()].reduce((sum, count) => sum + count, 0);
  if (projects !== live || projects > limits.projectJobsMax) fail("a project's total is wrong");
  for (const { row, busy: count } of farm.agents.values()) {
    if (count !== (busy.get(row.agentId) ?? 0) || count > row.slots) fail("an agent's slots are wrong");
  }
  let devices = 0;
  for (const host of farm.hosts.values()) {
    devices += host.held.size;
    if (host.busy !== (onHost.get(host.key) ?? 0)) fail("a machine's total is wrong");
    if ((host.reserved !== null) !== farm.reserved.has(host)) fail("what is kept free is not listed");
  }
  if (devices !== held.size) fail("devices are held by nobody");
  function fail(why: string): never {
    throw new Error(why);
  }
}

/** What a restart must not forget. */
export function memoryOf(farm: FarmState) {
  return {
    attempts: [...farm.attempts.entries()]
      .map(([id, { devices, unhealthy }]) => [id, devices, unhealthy])
      .toSorted(byFirst),
    standings: [...farm.agents.values()].map(({ row, standing }) => [row.agentId, standing]),
    health: [...farm.hosts.values()].map(({ key, health }) => [key, [...health].toSorted(byFirst)]).toSorted(byFirst),
    jobs: [...farm.runs.values()].map(({ row, jobs }) => [
      row.run,
      row.priority,
      jobs.map(({ life, avoid }) => [life, avoid]),
    ]),
  };
}

function byFirst(a: readonly unknown[], b: readonly unknown[]): number {
  return String(a[0]) < String(b[0]) ? -1 : 1;
}

function bump(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
