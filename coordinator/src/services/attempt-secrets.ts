import type { Actor } from "../domain/audit.ts";
import type { AttemptKey } from "../domain/attempt-key.ts";
import { findAttempt, findJob } from "../domain/farm-state.ts";
import { formatRunId } from "../domain/run-id.ts";
import type { AuditLog } from "./audit-log.ts";
import type { FarmEngine } from "./farm-engine.ts";
import type { JobSecrets } from "./job-secrets.ts";
import type { PlanCache } from "./plan-cache.ts";

export type GivenSecrets =
  | { readonly ok: true; readonly values: Readonly<Record<string, string>> }
  /** The agent does not hold the attempt. */
  | { readonly ok: false; readonly reason: "not-held"; readonly detail: string }
  | { readonly ok: false; readonly reason: "not-to-be-had"; readonly detail: string };

/** Gives the secrets that a job names to the agent that holds its live attempt. Each time is in the audit log. */
export class AttemptSecrets {
  readonly #engine: FarmEngine;
  readonly #plans: PlanCache;
  readonly #secrets: JobSecrets;
  readonly #audit: AuditLog;

  constructor(
    engine: FarmEngine,
    parts: { readonly plans: PlanCache; readonly secrets: JobSecrets; readonly audit: AuditLog },
  ) {
    this.#engine = engine;
    this.#plans = parts.plans;
    this.#secrets = parts.secrets;
    this.#audit = parts.audit;
  }

  /** Resolves once it is durably written down that they were given, or refused. */
  async give(agentId: string, key: AttemptKey, address: string): Promise<GivenSecrets> {
    const by: Actor = { who: `agent:${agentId}`, from: address };
    const object = `${formatRunId(key.run)} job ${key.job} attempt ${key.attempt}`;
    if (findAttempt(this.#engine.farm, key)?.agentId !== agentId) {
      const detail = "the agent does not hold this attempt (any more)";
      await this.#audit.record(by, { what: "secret.give", object, outcome: "refused", detail });
      return { ok: false, reason: "not-held", detail };
    }
    const { run, job } = findJob(this.#engine.farm, key);
    const project = run.row.candidate.name;
    const names = (await this.#plans.get(key.run)).jobs[key.job]?.secrets ?? [];
    if (names.length === 0) return { ok: true, values: {} };
    const found = this.#secrets.values(names, project);
    const what = { what: "secret.give", object: `${object} (${job.name})` } as const;
    if (!found.ok) {
      await this.#audit.record(by, { ...what, outcome: "failed", detail: found.detail });
      return { ok: false, reason: "not-to-be-had", detail: found.detail };
    }
    // Before the values leave: nothing is given that is not written down.
    await this.#audit.record(by, { ...what, detail: names.join(", ") });
    return found;
  }
}
