import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decideJob,
  isLive,
  JOB_TRANSITIONS,
  REPLAYS_MAX,
  type JobEvent,
  type JobEventName,
  type JobLife,
  type JobStateName,
} from "./job-state.ts";
import { takenResult } from "./testing.ts";
import { OUTCOMES } from "@kiln/proto";

const BUDGET = 2;
const STATES = Object.keys(JOB_TRANSITIONS) as JobStateName[];
const EVENTS = Object.keys(JOB_TRANSITIONS.ready) as JobEventName[];

const event: fc.Arbitrary<JobEvent> = fc.oneof(
  fc.constant<JobEvent>({ type: "need-passed", nowMs: 1 }),
  fc.constant<JobEvent>({ type: "need-failed" }),
  fc.constant<JobEvent>({ type: "assign", agentId: "a" }),
  fc.constant<JobEvent>({ type: "start" }),
  fc.constantFrom(...OUTCOMES).map((outcome): JobEvent => ({ type: "finish", outcome, nowMs: 2 })),
  fc.constant<JobEvent>({ type: "lose", nowMs: 3 }),
  fc.constant<JobEvent>({ type: "replay", nowMs: 5 }),
  fc.constant<JobEvent>({ type: "withdraw", nowMs: 6 }),
  fc.constant<JobEvent>({ type: "cancel" }),
  fc.constant<JobEvent>({ type: "give-up" }),
  fc.constant<JobEvent>({ type: "reuse", result: takenResult(1, 0) }),
  fc.nat({ max: 2 }).map((missing): JobEvent => ({ type: "retry", missing, nowMs: 4 })),
);

function fresh(missing: number): JobLife {
  return {
    state: missing > 0 ? { name: "blocked", missing } : { name: "ready", sinceMs: 0 },
    attempts: 0,
    retriesLeft: BUDGET,
    replaysLeft: REPLAYS_MAX,
  };
}

/** Plays the events that the table allows in the state they meet. */
function play(
  life: JobLife,
  events: readonly JobEvent[],
  seen: (before: JobLife, event: JobEvent, after: JobLife) => void,
): JobLife {
  let now = life;
  for (const next of events) {
    if (JOB_TRANSITIONS[now.state.name][next.type] === "impossible") continue;
    const decision = decideJob(now, next, BUDGET);
    if (!decision.changed) continue;
    seen(now, next, decision.life);
    now = decision.life;
  }
  return now;
}

describe("the life of a job", () => {
  it("has a rule for every pair of state and event", () => {
    for (const state of STATES) expect(Object.keys(JOB_TRANSITIONS[state]).toSorted()).toEqual(EVENTS.toSorted());
  });

  it("throws on an event that its state cannot meet", () => {
    expect(() => decideJob(fresh(0), { type: "start" }, BUDGET)).toThrow("a ready job cannot take the event start");
  });

  it("only ever follows its table, whatever happens", () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 }), fc.array(event, { maxLength: 60 }), (missing, events) => {
        play(fresh(missing), events, (before, cause, after) => {
          expect(JOB_TRANSITIONS[before.state.name][cause.type]).toContain(after.state.name);
        });
      }),
    );
  });

  it("numbers its attempts without reuse and never has more than its budget allows", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), (events) => {
        let retries = 0;
        const end = play(fresh(0), events, (before, cause, after) => {
          if (cause.type === "retry") retries += 1;
          expect(after.attempts - before.attempts).toBe(cause.type === "assign" ? 1 : 0);
          if (isLive(after.state)) expect(after.state.attempt).toBe(after.attempts);
          expect(after.retriesLeft).toBeGreaterThanOrEqual(0);
        });
        expect(end.attempts).toBeLessThanOrEqual((retries + 1) * (BUDGET + 1));
      }),
    );
  });

  it("keeps its outcome once finished, until a person retries it", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        play(fresh(0), events, (before, cause) => {
          if (before.state.name === "finished") expect(cause.type).toBe("retry");
        });
      }),
    );
  });

  it("spends one retry on a lost agent and ends as agent-lost when none is left", () => {
    let life = fresh(0);
    const step = (next: JobEvent) => {
      const decision = decideJob(life, next, BUDGET);
      if (decision.changed) life = decision.life;
    };
    for (let lost = 0; lost <= BUDGET; lost += 1) {
      expect(life.state.name).toBe("ready");
      step({ type: "assign", agentId: "a" });
      step({ type: "start" });
      step({ type: "lose", nowMs: lost });
    }
    expect(life).toEqual({
      state: { name: "finished", outcome: "agent-lost" },
      attempts: BUDGET + 1,
      retriesLeft: 0,
      replaysLeft: REPLAYS_MAX,
    });
  });

  it("does not retry what a person cancelled, even when the agent is lost meanwhile", () => {
    const running: JobLife = {
      state: { name: "cancelling", attempt: 1, agentId: "a" },
      attempts: 1,
      retriesLeft: 2,
      replaysLeft: 3,
    };
    expect(decideJob(running, { type: "lose", nowMs: 1 }, BUDGET)).toEqual({
      changed: true,
      life: { state: { name: "finished", outcome: "cancelled" }, attempts: 1, retriesLeft: 2, replaysLeft: 3 },
    });
  });

  it("replays a job whose attempts fail health checks a counted number of times, and then ends it", () => {
    let life = fresh(0);
    const step = (event: JobEvent): void => {
      const decision = decideJob(life, event, BUDGET);
      if (decision.changed) life = decision.life;
    };
    for (let spoilt = 0; spoilt <= REPLAYS_MAX; spoilt += 1) {
      expect(life).toMatchObject({ state: { name: "ready" }, retriesLeft: BUDGET });
      step({ type: "assign", agentId: "a" });
      step({ type: "replay", nowMs: spoilt });
    }
    expect(life).toMatchObject({ state: { name: "finished", outcome: "infrastructure" }, replaysLeft: 0 });
    expect(life.attempts).toBe(REPLAYS_MAX + 1);
  });

  it("costs nothing when it is taken back before it began", () => {
    const assigned: JobLife = { ...fresh(0), state: { name: "assigned", attempt: 1, agentId: "a" }, attempts: 1 };
    expect(decideJob(assigned, { type: "withdraw", nowMs: 7 }, BUDGET)).toEqual({
      changed: true,
      life: { ...assigned, state: { name: "ready", sinceMs: 7 } },
    });
  });
});
