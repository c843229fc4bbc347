import { Type, type Static } from "typebox";

const UnixMs = Type.Integer({ minimum: 0, description: "Unix time in milliseconds" });
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);
const Reason = Type.String({ maxLength: 500, description: "For people; may be empty" });

export const AGENT_MODES = ["active", "draining", "paused"] as const;
export const ModeView = Type.Object(
  {
    name: Type.Enum([...AGENT_MODES]),
    reason: Type.String(),
    sinceMs: UnixMs,
  },
  {
    description:
      "active: it gets jobs. draining: it gets no more, finishes what it has begun and gives back what it has not. " +
      "paused: it gets no more and keeps what it has",
  },
);
export type ModeView = Static<typeof ModeView>;

export const HEALTHS = ["good", "suspect", "quarantined"] as const;
export const HealthView = Type.Object(
  {
    name: Type.Enum([...HEALTHS]),
    reason: Type.String({ description: "What happened; empty when good" }),
    sinceMs: UnixMs,
  },
  {
    description:
      "suspect: it failed once, others go first until a check finds it well. " +
      "quarantined: it failed a health check and gets nothing until an operator clears it",
  },
);
export type HealthView = Static<typeof HealthView>;

const WINDOW = {
  fromMs: UnixMs,
  toMs: UnixMs,
  weekly: Type.Boolean({ description: "Whether it comes back every 7 × 24 hours" }),
  aheadMs: Type.Integer({
    minimum: 0,
    maximum: 7 * 24 * 3_600_000,
    description: "How long before it the agent gets nothing new",
  }),
  reason: Reason,
};

export const WindowView = Type.Object(
  { id: Type.Integer({ minimum: 1 }), ...WINDOW },
  { description: "A time in which the machine is not to be used: it is drained ahead of it" },
);
export type WindowView = Static<typeof WindowView>;

export const SetModeBody = Type.Object(
  { mode: Type.Enum([...AGENT_MODES]), reason: Type.Optional(Reason) },
  { additionalProperties: false },
);
export type SetModeBody = Static<typeof SetModeBody>;

export const AddWindowBody = Type.Object(
  {
    ...WINDOW,
    weekly: Type.Optional(WINDOW.weekly),
    aheadMs: Type.Optional(WINDOW.aheadMs),
    reason: Type.Optional(Reason),
  },
  { additionalProperties: false },
);
export type AddWindowBody = Static<typeof AddWindowBody>;

export const ClearHealthBody = Type.Object(
  {
    gpu: Type.Optional(
      Type.String({ maxLength: 100, description: "UUID of a GPU or MIG slice; left out: the agent and all its GPUs" }),
    ),
  },
  { additionalProperties: false },
);
export type ClearHealthBody = Static<typeof ClearHealthBody>;

export const HealthReportView = Type.Object(
  {
    receivedAtMs: UnixMs,
    moment: Type.Enum(["join", "before-job", "after-job", "schedule", "asked"]),
    attempt: Nullable(
      Type.Object({
        run: Type.String({ description: "For example r12" }),
        job: Type.Integer({ minimum: 0, description: "Its position in the run's plan" }),
        attempt: Type.Integer({ minimum: 1 }),
      }),
    ),
    checks: Type.Array(
      Type.Object({
        name: Type.String(),
        device: Type.String({ description: "UUID of a GPU or MIG slice; empty: the machine" }),
        status: Type.Enum(["ok", "warning", "failed", "not-run"]),
        detail: Type.String({ description: "What was seen and, unless ok, what to do" }),
      }),
    ),
  },
  { description: "What an agent found when it looked at its health" },
);
export type HealthReportView = Static<typeof HealthReportView>;
