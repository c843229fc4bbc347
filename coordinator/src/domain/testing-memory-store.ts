import { expect } from "vitest";
import { attemptId } from "./attempt-key.ts";
import type { AgentStanding } from "./agent-standing.ts";
import type { ActiveState } from "./rebuild-farm.ts";
import type { AgentRow, AttemptRow, DeviceRow, JobRow, RunRow } from "./rows.ts";
import type { StoreOp } from "./store-op.ts";

/** What the store would hold after some decisions; it refuses what no store may be asked to do. */
export class MemoryStore {
  readonly runs = new Map<number, RunRow>();
  readonly jobs = new Map<string, JobRow>();
  readonly attempts = new Map<string, AttemptRow>();
  readonly agents = new Map<string, AgentRow>();
  readonly standings = new Map<string, AgentStanding>();
  readonly devices = new Map<string, DeviceRow>();
  lastChangedId = 0;

  perform(ops: readonly StoreOp[]): void {
    for (const op of ops) this.#perform(op);
  }

  /** As `Store.loadActive`. */
  active(): ActiveState {
    const runs = [...this.runs.values()].filter(({ state }) => state !== "finished");
    return {
      runs: runs.map((run) => ({
        run,
        jobs: [...this.jobs.values()].filter((job) => job.run === run.run).toSorted((a, b) => a.job - b.job),
      })),
      attempts: [...this.attempts.values()],
      agents: [...this.agents.values()],
      standings: this.standings,
      devices: [...this.devices.values()],
      lastRun: Math.max(0, ...this.runs.keys()),
      lastChangedId: this.lastChangedId,
    };
  }

  #perform(op: StoreOp): void {
    switch (op.op) {
      case "insert-run":
        this.runs.set(op.run.run, op.run);
        for (const job of op.jobs) this.jobs.set(`${job.run}/${job.job}`, job);
        return;
      case "update-run": {
        const run = this.runs.get(op.run);
        if (!run) throw new Error(`r${op.run} was never inserted`);
        this.runs.set(op.run, { ...run, ...op.set });
        this.lastChangedId = Math.max(this.lastChangedId, op.set.changedId);
        return;
      }
      case "update-job":
        this.jobs.set(`${op.row.run}/${op.row.job}`, op.row);
        this.lastChangedId = Math.max(this.lastChangedId, op.row.changedId);
        return;
      case "insert-attempt":
        return this.#insertAttempt(op.row);
      case "update-attempt": {
        const attempt = this.attempts.get(attemptId(op.key));
        if (!attempt) throw new Error(`${attemptId(op.key)} was never inserted`);
        // A finished attempt has its one outcome.
        expect(attempt.state).not.toBe("finished");
        this.attempts.set(attemptId(op.key), { ...attempt, ...op.set });
        return;
      }
      case "audit":
        return;
      case "upsert-agent":
        this.agents.set(op.row.agentId, op.row);
        return;
      case "upsert-standing":
        this.standings.set(op.agentId, op.standing);
        return;
      case "upsert-device":
        if (op.row.health.name === "good") this.devices.delete(`${op.row.host} ${op.row.uuid}`);
        else this.devices.set(`${op.row.host} ${op.row.uuid}`, op.row);
        return;
      case "insert-health-report":
      case "put-policy":
      case "put-verdict":
      case "add-approval":
      case "add-waiver":
      case "put-self-comparisons":
        return;
    }
  }

  /** One live attempt per job, one holder per device, and nothing beside who has a machine to itself. */
  #insertAttempt(row: AttemptRow): void {
    if (this.attempts.has(attemptId(row))) throw new Error(`${attemptId(row)} was inserted before`);
    for (const other of this.attempts.values()) {
      if (other.state === "finished") continue;
      const isSameJob = other.run === row.run && other.job === row.job;
      const isBeside = other.devices.host === row.devices.host;
      const shares = isBeside && row.devices.gpus.some((uuid) => other.devices.gpus.includes(uuid));
      const isDisturbed = isBeside && (row.devices.exclusive || other.devices.exclusive);
      if (isSameJob || shares || isDisturbed) throw new Error(`${attemptId(row)} is beside ${attemptId(other)}`);
    }
    this.attempts.set(attemptId(row), row);
  }
}
