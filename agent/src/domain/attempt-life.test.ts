import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attemptTransition, type AttemptEffect, type AttemptEvent, type AttemptState } from "./attempt-life.ts";
import { PASSED } from "./outcome.ts";

const CANCEL: AttemptEvent = { type: "stop", cause: { kind: "cancelled", reason: "by hand" } };
const TIMEOUT: AttemptEvent = { type: "stop", cause: { kind: "timed-out", timeoutMs: 1000, during: "run the tests" } };
const START: AttemptEvent = { type: "start" };
const END: AttemptEvent = { type: "end", verdict: PASSED };
const ACK: AttemptEvent = { type: "acknowledge" };
const REFUSE: AttemptEvent = { type: "refuse", reason: "superseded" };

function live(events: readonly AttemptEvent[]): { state: AttemptState; effects: AttemptEffect[] } {
  let state: AttemptState = { name: "waiting" };
  const effects: AttemptEffect[] = [];
  for (const event of events) {
    const transition = attemptTransition(state, event);
    state = transition.state;
    effects.push(...transition.effects);
  }
  return { state, effects };
}

const types = (effects: readonly AttemptEffect[]) => effects.map(({ type }) => type);

describe("the life of an attempt", () => {
  test("a job that ends by itself is recorded, frees its slot, and leaves the spool when acknowledged", () => {
    const { state, effects } = live([START, END, ACK]);
    expect(types(effects)).toEqual(["execute", "record", "free-slot", "drop-spool"]);
    expect(state).toEqual({ name: "gone" });
  });

  test("the first reason to stop is the one reported, even when the job then passes", () => {
    const { effects } = live([START, TIMEOUT, CANCEL, END]);
    expect(effects).toContainEqual({
      type: "record",
      verdict: { outcome: "timed-out", summary: "it ran longer than its limit of 1 s (during: run the tests)" },
    });
    expect(types(effects).filter((type) => type === "halt")).toHaveLength(1);
  });

  test("an attempt cancelled while it waits never runs", () => {
    const { effects } = live([CANCEL, ACK]);
    expect(types(effects)).toEqual(["leave-queue", "record", "drop-spool"]);
  });

  test("a refused attempt reports nothing, however far it came", () => {
    for (const before of [[], [START], [START, TIMEOUT]]) {
      const { state, effects } = live([...before, REFUSE, ...(before.length > 0 ? [END] : [])]);
      expect(types(effects)).not.toContain("record");
      expect(state).toEqual({ name: "gone" });
    }
  });

  test("what cannot happen throws", () => {
    expect(() => live([END])).toThrow("waiting cannot end");
    expect(() => live([START, ACK])).toThrow("running cannot acknowledge");
  });

  test("whatever happens, an attempt is recorded at most once, dropped at most once, and its slot freed as often as taken", () => {
    const events = fc.array(fc.constantFrom(START, CANCEL, TIMEOUT, END, ACK, REFUSE), { maxLength: 12 });
    fc.assert(
      fc.property(events, (sequence) => {
        let state: AttemptState = { name: "waiting" };
        const seen: AttemptEffect[] = [];
        for (const event of sequence) {
          try {
            const transition = attemptTransition(state, event);
            state = transition.state;
            seen.push(...transition.effects);
          } catch {
            // What cannot happen changes nothing.
          }
        }
        const count = (type: AttemptEffect["type"]) => seen.filter((effect) => effect.type === type).length;
        expect(count("record")).toBeLessThanOrEqual(1);
        expect(count("drop-spool")).toBeLessThanOrEqual(1);
        expect(count("execute") - count("free-slot")).toBe(
          state.name === "running" || state.name === "stopping" ? 1 : 0,
        );
      }),
    );
  });
});
