import { Type, type Static } from "typebox";
import { BlobView, JobSummary } from "./job-view.ts";

const UnixMs = Type.Integer({ minimum: 0, description: "Unix time in milliseconds" });
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);

/** What the source says of itself; read from PKG-INFO or pyproject.toml by whoever submits. */
export const CandidateFacts = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200 }),
  version: Nullable(Type.String({ maxLength: 200, description: "null when only the built wheel can tell" })),
  requiresPython: Nullable(Type.String({ maxLength: 500 })),
  requiresDist: Type.Optional(
    Nullable(
      Type.Array(Type.String({ maxLength: 2000 }), {
        maxItems: 1000,
        description: "Requires-Dist: dependencies (PEP 508); null or missing when only a build can tell",
      }),
    ),
  ),
  factsFrom: Type.String({ maxLength: 300, description: "The file these were read from, for example PKG-INFO" }),
  origin: Type.String({ maxLength: 1000, description: "Where the source came from, for people" }),
  commit: Type.Optional(
    Type.String({
      pattern: "^[0-9a-f]{40}([0-9a-f]{24})?$",
      description: "The git commit whose files the source is; missing when it has others too, or none is known",
    }),
  ),
});
export type CandidateFacts = Static<typeof CandidateFacts>;

export const RELEASE_TYPES = ["patch", "minor", "major", "hotfix"] as const;

/** Jobs of the run with the higher one go first; one that waits gains on it. */
const Priority = Type.Integer({
  minimum: -100,
  maximum: 100,
  default: 0,
  description: "Jobs of the run with the higher one go first; what waits gains a point a minute",
});

export const SubmitRunBody = Type.Object(
  {
    spec: Type.String({ maxLength: 262_144, description: "The text of kiln.yaml; empty for the defaults" }),
    specFile: Type.String({ maxLength: 1000, description: "The name that errors in the spec should carry" }),
    source: BlobView,
    candidate: CandidateFacts,
    release: Type.Optional(Type.Enum([...RELEASE_TYPES], { description: "Profile to use instead of the spec's own" })),
    reuse: Type.Optional(
      Type.String({
        pattern: "^(builds|never|r[1-9][0-9]{0,8})$",
        description:
          "What is taken from earlier runs where a job's content key is equal. builds (the default): builds that passed " +
          "in any run of the project. never: nothing. A run such as r12: everything that passed in it, too",
      }),
    ),
    priority: Type.Optional(Priority),
    submissionId: Type.Optional(
      Type.String({ minLength: 8, maxLength: 100, description: "Makes a repeated submission return the first run" }),
    ),
  },
  { additionalProperties: false },
);
export type SubmitRunBody = Static<typeof SubmitRunBody>;

export const VerdictName = Type.Enum(["pass", "fail", "inconclusive"]);
export type VerdictName = Static<typeof VerdictName>;

export const RunStateName = Type.Enum(["queued", "running", "cancelling", "finished"]);
export type RunStateName = Static<typeof RunStateName>;

export const RunCounts = Type.Object({
  total: Type.Integer(),
  waiting: Type.Integer({ description: "blocked or ready" }),
  active: Type.Integer({ description: "assigned, running or cancelling" }),
  passed: Type.Integer(),
  failed: Type.Integer({ description: "finished with any outcome but passed, cancelled and not-run" }),
  notRun: Type.Integer({ description: "cancelled or not-run" }),
});
export type RunCounts = Static<typeof RunCounts>;

export const RunSummary = Type.Object({
  run: Type.String({ description: "r1, r2, … in the order of submission" }),
  candidate: CandidateFacts,
  state: RunStateName,
  verdict: Nullable(VerdictName),
  reason: Type.String({ description: "One sentence on the verdict; empty until there is one" }),
  counts: RunCounts,
  priority: Priority,
  submittedAtMs: UnixMs,
  startedAtMs: Nullable(UnixMs),
  finishedAtMs: Nullable(UnixMs),
  pinned: Type.Boolean({ description: "Its blobs and logs are kept until it is unpinned" }),
  selfComparisonOf: Nullable(
    Type.String({ description: "The run whose files it measures against themselves (A/A): it is no candidate's" }),
  ),
  bytesGone: Nullable(
    Type.Object(
      { atMs: UnixMs, rule: Type.String({ description: "A sentence" }) },
      {
        description: "When its blobs and logs were given up, and by which rule; null: they are kept",
      },
    ),
  ),
});
export type RunSummary = Static<typeof RunSummary>;

export const CellView = Type.Object({
  cell: Type.String(),
  axes: Type.Record(Type.String(), Type.String(), { description: "For example os: linux-x86_64, python: 3.12" }),
});
export type CellView = Static<typeof CellView>;

const ReasonFields = {
  rule: Type.String({ description: "For example requires-python" }),
  reason: Type.String({ description: "A sentence" }),
  source: Type.String({ description: "The document that says so" }),
  asOf: Type.String({ description: "Date of that document or of its reading; empty for what was read just now" }),
};

export const PlannedCellView = Type.Object({
  ...CellView.properties,
  touchstone: Type.Boolean({ description: "Its jobs go first" }),
  unknown: Type.Array(Type.Object(ReasonFields), { description: "What could not be told of it" }),
  overridden: Type.Array(Type.Object({ ...ReasonFields, override: Type.String() }), {
    description: "What the rules said against it and the spec set aside, with the spec's reason",
  }),
});
export type PlannedCellView = Static<typeof PlannedCellView>;

export const ExcludedCellView = Type.Object({ ...CellView.properties, ...ReasonFields });
export type ExcludedCellView = Static<typeof ExcludedCellView>;

export const ReducedCellView = Type.Object({
  ...CellView.properties,
  coveredBy: Type.String({ description: "The planned cell that stands for it" }),
});
export type ReducedCellView = Static<typeof ReducedCellView>;

export const RunView = Type.Object({
  ...RunSummary.properties,
  source: BlobView,
  cells: Type.Array(PlannedCellView),
  excluded: Type.Array(ExcludedCellView),
  reduced: Type.Array(ReducedCellView, { description: "Possible cells that others stand for" }),
  jobs: Type.Array(JobSummary),
  lastEventId: Type.Integer({ description: "The newest event that this view includes" }),
  expectedMs: Nullable(Type.Integer({ description: "How long the rest is expected to take, from earlier runs" })),
});
export type RunView = Static<typeof RunView>;

/** One server-sent event of GET /api/v1/runs/{run}/events; `id` is the SSE event id. */
export const RunEvent = Type.Union([
  Type.Object({
    type: Type.Literal("job"),
    id: Type.Integer(),
    atMs: UnixMs,
    job: JobSummary,
  }),
  Type.Object({
    type: Type.Literal("run"),
    id: Type.Integer(),
    atMs: UnixMs,
    run: RunSummary,
  }),
]);
export type RunEvent = Static<typeof RunEvent>;

export const RetryRunBody = Type.Object(
  { only: Type.Literal("failed", { description: "Every finished job that did not pass" }) },
  { additionalProperties: false },
);
export type RetryRunBody = Static<typeof RetryRunBody>;

/** GET /api/v1/projects/{name} */
export const ProjectView = Type.Object({
  durationsMs: Type.Partial(
    Type.Object({
      check: Type.Number(),
      build: Type.Number(),
      scan: Type.Number(),
      test: Type.Number(),
      bench: Type.Number(),
      profile: Type.Number(),
    }),
    { description: "Mean time of the passed jobs of earlier runs, by kind; a kind that never ran is missing" },
  ),
  failingCells: Type.Array(Type.String(), {
    description: "Cells of which a job failed in the newest finished run; a reduced matrix keeps them",
  }),
});
export type ProjectView = Static<typeof ProjectView>;
