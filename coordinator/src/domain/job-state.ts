import type { TakenResult } from "./taken-result.ts";
import { isRetriedAutomatically, type Outcome } from "./outcome.ts";

/**
 * The life of a job. Each state carries only its own facts; the number of
 * attempts made and the retries left belong to the job, not to a state.
 */
export type JobState =
  /** Waits for `missing` jobs that it needs. */
  | { readonly name: "blocked"; readonly missing: number }
  /** Waits for an agent. */
  | { readonly name: "ready"; readonly sinceMs: number }
  /** An attempt is recorded; the agent has not said that it began. */
  | { readonly name: "assigned"; readonly attempt: number; readonly agentId: string }
  | { readonly name: "running"; readonly attempt: number; readonly agentId: string }
  /** A person asked to stop it; the agent has not confirmed. */
  | { readonly name: "cancelling"; readonly attempt: number; readonly agentId: string }
  | { readonly name: "finished"; readonly outcome: Outcome };

export type JobStateName = JobState["name"];

export type JobEvent =
  /** One more job that this one needs has passed. */
  | { readonly type: "need-passed"; readonly nowMs: number }
  /** A job that this one needs ended otherwise. */
  | { readonly type: "need-failed" }
  | { readonly type: "assign"; readonly agentId: string }
  | { readonly type: "start" }
  | { readonly type: "finish"; readonly outcome: Outcome; readonly nowMs: number }
  /** The lease of the live attempt ran out. */
  | { readonly type: "lose"; readonly nowMs: number }
  /** A health check beside the live attempt failed: what it reported does not count. */
  | { readonly type: "replay"; readonly nowMs: number }
  /** The live attempt was taken back before it began, because its agent drains. */
  | { readonly type: "withdraw"; readonly nowMs: number }
  | { readonly type: "cancel" }
  /** No agent can run it, and none came in time. */
  | { readonly type: "give-up" }
  /** The result of an equal job that passed in an earlier run stands for it. */
  | { readonly type: "reuse"; readonly result: TakenResult }
  /** A person asked for another try, with `missing` needed jobs not passed. */
  | { readonly type: "retry"; readonly missing: number; readonly nowMs: number };

export type JobEventName = JobEvent["type"];

/** What an event does in a state: go to one of these states, change nothing, or be a broken invariant. */
export type Rule = readonly JobStateName[] | "ignored" | "impossible";

/** Every pair is decided; a missing one does not typecheck. docs/ARCHITECTURE.md draws this table. */
export const JOB_TRANSITIONS = {
  blocked: {
    "need-passed": ["blocked", "ready"],
    "need-failed": ["finished"],
    assign: "impossible",
    start: "impossible",
    finish: "impossible",
    lose: "impossible",
    replay: "impossible",
    withdraw: "impossible",
    cancel: ["finished"],
    "give-up": "ignored",
    reuse: ["finished"],
    retry: "ignored",
  },
  ready: {
    "need-passed": "impossible",
    "need-failed": "impossible",
    assign: ["assigned"],
    start: "impossible",
    finish: "impossible",
    lose: "impossible",
    replay: "impossible",
    withdraw: "impossible",
    cancel: ["finished"],
    "give-up": ["finished"],
    reuse: ["finished"],
    retry: "ignored",
  },
  assigned: {
    "need-passed": "impossible",
    "need-failed": "impossible",
    assign: "impossible",
    start: ["running"],
    finish: ["finished", "ready"],
    lose: ["finished", "ready"],
    replay: ["finished", "ready"],
    withdraw: ["ready"],
    cancel: ["cancelling"],
    "give-up": "ignored",
    reuse: "impossible",
    retry: "ignored",
  },
  running: {
    "need-passed": "impossible",
    "need-failed": "impossible",
    assign: "impossible",
    start: "ignored",
    finish: ["finished", "ready"],
    lose: ["finished", "ready"],
    replay: ["finished", "ready"],
    withdraw: ["ready"],
    cancel: ["cancelling"],
    "give-up": "ignored",
    reuse: "impossible",
    retry: "ignored",
  },
  cancelling: {
    "need-passed": "impossible",
    "need-failed": "impossible",
    assign: "impossible",
    start: "ignored",
    finish: ["finished"],
    lose: ["finished"],
    replay: ["finished"],
    withdraw: ["finished"],
    cancel: "ignored",
    "give-up": "ignored",
    reuse: "impossible",
    retry: "ignored",
  },
  finished: {
    "need-passed": "ignored",
    "need-failed": "ignored",
    assign: "impossible",
    start: "ignored",
    finish: "ignored",
    lose: "ignored",
    replay: "ignored",
    withdraw: "ignored",
    cancel: "ignored",
    "give-up": "ignored",
    reuse: "impossible",
    retry: ["blocked", "ready"],
  },
} as const satisfies Record<JobStateName, Record<JobEventName, Rule>>;

export interface JobLife {
  readonly state: JobState;
  /** Attempts made so far; the number of the live attempt when there is one. */
  readonly attempts: number;
  /** Attempts that the job may still lose to infrastructure. */
  readonly retriesLeft: number;
  /** Attempts that it may still lose to failed health checks, which costs no retry. */
  readonly replaysLeft: number;
}

/** What a device that passes its checks and then fails them may cost a job. */
export const REPLAYS_MAX = 3;

export type JobDecision = { readonly changed: true; readonly life: JobLife } | { readonly changed: false };

/**
 * What the job becomes. `retryBudget` is what a person's retry grants anew.
 * Throws on an event that the table calls impossible.
 */
export function decideJob(life: JobLife, event: JobEvent, retryBudget: number): JobDecision {
  const rule: Rule = JOB_TRANSITIONS[life.state.name][event.type];
  if (rule === "ignored") return { changed: false };
  if (rule === "impossible") throw new Error(`a ${life.state.name} job cannot take the event ${event.type}`);
  const next = nextLife(life, event, retryBudget);
  if (!rule.includes(next.state.name)) {
    throw new Error(`${event.type} led a ${life.state.name} job to ${next.state.name}, which its table does not allow`);
  }
  return { changed: true, life: next };
}

function nextLife(life: JobLife, event: JobEvent, retryBudget: number): JobLife {
  const { state, attempts } = life;
  const to = (next: JobState): JobLife => ({ ...life, state: next });
  switch (event.type) {
    case "need-passed": {
      const missing = state.name === "blocked" ? state.missing - 1 : 0;
      return to(missing > 0 ? { name: "blocked", missing } : { name: "ready", sinceMs: event.nowMs });
    }
    case "need-failed":
    case "give-up":
      return to({ name: "finished", outcome: "not-run" });
    case "assign":
      return {
        ...life,
        state: { name: "assigned", attempt: attempts + 1, agentId: event.agentId },
        attempts: attempts + 1,
      };
    case "start":
      return to({ ...liveAttempt(state), name: "running" });
    case "finish":
      return afterAttempt(life, event.outcome, event.nowMs);
    case "lose":
      return afterAttempt(life, "agent-lost", event.nowMs);
    case "replay":
      return afterReplay(life, event.nowMs);
    case "withdraw":
      return to(
        state.name === "cancelling"
          ? { name: "finished", outcome: "cancelled" }
          : { name: "ready", sinceMs: event.nowMs },
      );
    case "cancel":
      return isLive(state)
        ? to({ name: "cancelling", attempt: state.attempt, agentId: state.agentId })
        : to({ name: "finished", outcome: "cancelled" });
    case "reuse":
      return to({ name: "finished", outcome: "passed" });
    case "retry":
      return {
        state:
          event.missing > 0 ? { name: "blocked", missing: event.missing } : { name: "ready", sinceMs: event.nowMs },
        attempts,
        retriesLeft: retryBudget,
        replaysLeft: REPLAYS_MAX,
      };
  }
}

/** An outcome that is not the candidate's doing costs a retry while there is one, unless a person cancelled. */
function afterAttempt(life: JobLife, outcome: Outcome, nowMs: number): JobLife {
  const { state, retriesLeft } = life;
  if (state.name === "cancelling") {
    const ended = isRetriedAutomatically(outcome) ? "cancelled" : outcome;
    return { ...life, state: { name: "finished", outcome: ended } };
  }
  if (isRetriedAutomatically(outcome) && retriesLeft > 0) {
    return { ...life, state: { name: "ready", sinceMs: nowMs }, retriesLeft: retriesLeft - 1 };
  }
  return { ...life, state: { name: "finished", outcome } };
}

/** Counted apart from retries: neither the candidate nor its budget pays for a broken device, and it still ends. */
function afterReplay(life: JobLife, nowMs: number): JobLife {
  const { state, replaysLeft } = life;
  if (state.name === "cancelling") return { ...life, state: { name: "finished", outcome: "cancelled" } };
  if (replaysLeft === 0) return { ...life, state: { name: "finished", outcome: "infrastructure" } };
  return { ...life, state: { name: "ready", sinceMs: nowMs }, replaysLeft: replaysLeft - 1 };
}

export type LiveJobState = Extract<JobState, { attempt: number }>;

/** True while an attempt holds the job's lease. */
export function isLive(state: JobState): state is LiveJobState {
  return state.name === "assigned" || state.name === "running" || state.name === "cancelling";
}

function liveAttempt(state: JobState): { readonly attempt: number; readonly agentId: string } {
  if (!isLive(state)) throw new Error(`a ${state.name} job has no live attempt`);
  return { attempt: state.attempt, agentId: state.agentId };
}
