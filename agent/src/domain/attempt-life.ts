import type { Verdict } from "./outcome.ts";
import { verdictOfStop, type StopCause } from "./stop-cause.ts";

/**
 * The life of an attempt on its agent.
 *
 *     waiting ──start──▶ running ──stop──▶ stopping
 *        │ stop             │ end             │ end
 *        ▼                  ▼                 ▼
 *     finished ◀────────────┴─────────────────┘ (refused: gone)
 *        │ acknowledge
 *        ▼
 *       gone
 */
export type AttemptState =
  /** Spooled; no slot is free yet. */
  | { readonly name: "waiting" }
  /** The executor has it. */
  | { readonly name: "running" }
  /** The executor was told to stop and has not ended yet. */
  | { readonly name: "stopping"; readonly cause: StopCause }
  /** Its last frame is in the spool, not acknowledged. */
  | { readonly name: "finished" }
  /** Nothing of it is left here. */
  | { readonly name: "gone" };

export type AttemptEvent =
  /** A slot is free. */
  | { readonly type: "start" }
  | { readonly type: "stop"; readonly cause: StopCause }
  /** The executor has ended. */
  | { readonly type: "end"; readonly verdict: Verdict }
  /** The coordinator has every frame. */
  | { readonly type: "acknowledge" }
  /** The coordinator does not want it. */
  | { readonly type: "refuse"; readonly reason: string };

export type AttemptEffect =
  | { readonly type: "execute" }
  | { readonly type: "halt"; readonly cause: StopCause }
  | { readonly type: "record"; readonly verdict: Verdict }
  | { readonly type: "free-slot" }
  | { readonly type: "leave-queue" }
  | { readonly type: "drop-spool" };

export interface Transition {
  readonly state: AttemptState;
  readonly effects: readonly AttemptEffect[];
}

type StateNamed<S extends AttemptState["name"]> = Extract<AttemptState, { name: S }>;
type EventOf<E extends AttemptEvent["type"]> = Extract<AttemptEvent, { type: E }>;
type Rules = {
  readonly [S in AttemptState["name"]]: {
    readonly [E in AttemptEvent["type"]]: (state: StateNamed<S>, event: EventOf<E>) => Transition;
  };
};

const FINISHED: AttemptState = { name: "finished" };
const GONE: AttemptState = { name: "gone" };

const stay = (state: AttemptState): Transition => ({ state, effects: [] });

function impossible(state: AttemptState, event: AttemptEvent): never {
  throw new Error(`an attempt that is ${state.name} cannot ${event.type}`);
}

const gone: (effects: readonly AttemptEffect[]) => Transition = (effects) => ({
  state: GONE,
  effects: [...effects, { type: "drop-spool" }],
});

/** A job that hung on a device which then failed its check has not run out of its own time. */
function verdictAfter(cause: StopCause, verdict: Verdict): Verdict {
  return cause.kind === "timed-out" && verdict.isOfDevice === true ? verdict : verdictOfStop(cause);
}

const RULES = {
  waiting: {
    start: () => ({ state: { name: "running" }, effects: [{ type: "execute" }] }),
    stop: (_, { cause }) => ({
      state: FINISHED,
      effects: [{ type: "leave-queue" }, { type: "record", verdict: verdictOfStop(cause) }],
    }),
    end: impossible,
    acknowledge: impossible,
    refuse: () => gone([{ type: "leave-queue" }]),
  },
  running: {
    start: impossible,
    stop: (_, { cause }) => ({ state: { name: "stopping", cause }, effects: [{ type: "halt", cause }] }),
    end: (_, { verdict }) => ({ state: FINISHED, effects: [{ type: "record", verdict }, { type: "free-slot" }] }),
    acknowledge: impossible,
    refuse: (_, { reason }) => {
      const cause: StopCause = { kind: "refused", reason };
      return { state: { name: "stopping", cause }, effects: [{ type: "halt", cause }] };
    },
  },
  stopping: {
    start: impossible,
    // The first cause is why it ended.
    stop: stay,
    end: ({ cause }, { verdict }) =>
      cause.kind === "refused"
        ? gone([{ type: "free-slot" }])
        : {
            state: FINISHED,
            effects: [{ type: "record", verdict: verdictAfter(cause, verdict) }, { type: "free-slot" }],
          },
    acknowledge: impossible,
    refuse: (_, { reason }) => stay({ name: "stopping", cause: { kind: "refused", reason } }),
  },
  finished: {
    start: impossible,
    stop: stay,
    end: impossible,
    acknowledge: () => gone([]),
    refuse: () => gone([]),
  },
  // What is late finds nothing left to do.
  gone: { start: stay, stop: stay, end: stay, acknowledge: stay, refuse: stay },
} satisfies Rules;

/** What an event does to an attempt. Throws on what cannot happen: a bug in the caller. */
export function attemptTransition(state: AttemptState, event: AttemptEvent): Transition {
  const rule = RULES[state.name][event.type] as (state: AttemptState, event: AttemptEvent) => Transition;
  return rule(state, event);
}
