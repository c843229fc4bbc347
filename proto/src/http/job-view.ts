import { Type, type Static } from "typebox";
import { Report } from "./report-view.ts";

/** The closed set of outcomes, as HTTP, the CLI and the metrics spell it. */
export const OUTCOMES = [
  "passed",
  "build-failed",
  "tests-failed",
  "regressed",
  "timed-out",
  "out-of-resources",
  "bad-spec",
  "infrastructure",
  "agent-lost",
  "cancelled",
  "not-run",
] as const;

export const OutcomeName = Type.Enum([...OUTCOMES], { description: "How a job or an attempt ended" });
export type OutcomeName = (typeof OUTCOMES)[number];

export const JOB_STATES = ["blocked", "ready", "assigned", "running", "cancelling", "finished"] as const;
export const JobStateName = Type.Enum([...JOB_STATES]);
export type JobStateName = (typeof JOB_STATES)[number];

/** What a job does, in the order of a run's life. */
export const JOB_KINDS = ["check", "build", "scan", "test", "bench", "profile"] as const;
export const JobKind = Type.Enum([...JOB_KINDS]);
export type JobKind = (typeof JOB_KINDS)[number];

const UnixMs = Type.Integer({ minimum: 0, description: "Unix time in milliseconds" });
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);

export const BlobView = Type.Object(
  {
    sha256: Type.String({ pattern: "^[0-9a-f]{64}$" }),
    sizeBytes: Type.Integer({ minimum: 0, maximum: 2 ** 40 }),
    filename: Type.String({ maxLength: 255 }),
  },
  { description: "Content-addressed bytes: GET /api/v1/blobs/{sha256}" },
);
export type BlobView = Static<typeof BlobView>;

export const StepView = Type.Object({
  title: Type.String(),
  logOffset: Type.Integer({ minimum: 0, description: "Where the step's output begins in the attempt's log, in bytes" }),
  exitCode: Nullable(Type.Integer()),
  durationMs: Nullable(Type.Integer()),
});
export type StepView = Static<typeof StepView>;

export const AttemptView = Type.Object({
  attempt: Type.Integer({ minimum: 1 }),
  agentId: Type.String(),
  agentName: Type.String(),
  state: Type.Enum(["assigned", "running", "finished"]),
  outcome: Nullable(OutcomeName),
  summary: Type.String({ description: "One sentence on what happened; empty when passed or not finished" }),
  excerpt: Type.String({ description: "The part of the log that a person needs" }),
  pythonVersion: Type.String({ description: "Exact interpreter version; empty until started" }),
  assignedAtMs: UnixMs,
  startedAtMs: Nullable(UnixMs),
  finishedAtMs: Nullable(UnixMs),
  logBytes: Type.Integer({ minimum: 0 }),
  logBytesDropped: Type.Integer({ minimum: 0 }),
  steps: Type.Array(StepView),
  artifacts: Type.Array(Type.Object({ role: Type.String(), blob: BlobView })),
  reports: Type.Array(Report, { description: "At most one of each kind" }),
  devices: Type.Object(
    {
      gpus: Type.Array(Type.String({ description: "UUID of a GPU or MIG slice" })),
      exclusive: Type.Boolean({ description: "No other job runs on the machine meanwhile" }),
    },
    { description: "What it has to itself" },
  ),
  unhealthy: Type.String({
    description: "Why what it reports does not count: a health check failed beside it. Empty: none did",
  }),
});
export type AttemptView = Static<typeof AttemptView>;

/** The attempt of an earlier run whose result stands for a job that was not run again. */
export const ReusedFrom = Type.Object({
  run: Type.String({ description: "For example r12" }),
  job: Type.String({ description: "Its name in that run" }),
  attempt: Type.Integer({ minimum: 1 }),
});
export type ReusedFrom = Static<typeof ReusedFrom>;

export const TestCounts = Type.Object({
  tests: Type.Integer({ minimum: 0 }),
  failed: Type.Integer({ minimum: 0, description: "With those that ended by an exception outside an assertion" }),
  skipped: Type.Integer({ minimum: 0 }),
  flaky: Type.Integer({ minimum: 0, description: "Failed, and passed when they were run again; not among the failed" }),
});
export type TestCounts = Static<typeof TestCounts>;

/** A job in a run's list: no attempts, no log. */
export const JobSummary = Type.Object({
  name: Type.String({ description: "Unique in the run, for example build-cp312-linux-x86_64" }),
  kind: JobKind,
  cell: Type.String({ description: "The first cell it serves, for example cp312-linux-x86_64; builds can serve many" }),
  needs: Type.Array(Type.String(), { description: "Names of the jobs that must pass first" }),
  state: JobStateName,
  outcome: Nullable(OutcomeName),
  summary: Type.String({ description: "One sentence: what happened, or why it waits" }),
  attempts: Type.Integer({ minimum: 0, description: "Attempts made so far" }),
  agentName: Nullable(Type.String()),
  pythonVersion: Type.String(),
  startedAtMs: Nullable(UnixMs),
  finishedAtMs: Nullable(UnixMs),
  reusedFrom: Nullable(ReusedFrom),
  tests: Nullable(TestCounts),
});
export type JobSummary = Static<typeof JobSummary>;

export const JobView = Type.Object({
  run: Type.String(),
  ...JobSummary.properties,
  history: Type.Array(AttemptView, { description: "Every attempt, oldest first; none where the result was taken" }),
  reusedAttempt: Nullable(AttemptView),
  why: Type.String({
    description: "One sentence on why it is not running: who could run it, what they are busy with, until about when",
  }),
  reproduced: Nullable(
    Type.Object(
      {
        run: Type.String(),
        job: Type.String(),
        same: Type.Boolean({ description: "Whether both wheels are the same bytes" }),
      },
      { description: "The newest earlier build of the same content key; null for what is no build, and without one" },
    ),
  ),
});
export type JobView = Static<typeof JobView>;
