import { Type, type Static } from "typebox";
import { OutcomeName } from "./job-view.ts";
import { BaselineFile } from "./report-view.ts";
import { RunCounts, VerdictName } from "./run-view.ts";

const UnixMs = Type.Integer({ minimum: 0, description: "Unix time in milliseconds" });
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);
const Digest = Type.String({ pattern: "^[0-9a-f]{64}$", description: "SHA-256, lower-case hexadecimal" });

export const GATE_OUTCOMES = ["pass", "fail", "inconclusive", "invalid", "not-run", "waived"] as const;

export const EvidenceView = Type.Union(
  [
    Type.Object({ kind: Type.Literal("job"), job: Type.String(), outcome: OutcomeName, summary: Type.String() }),
    Type.Object({
      kind: Type.Literal("file"),
      file: Type.String(),
      line: Nullable(Type.Integer({ minimum: 1 })),
      text: Type.String(),
    }),
    Type.Object({ kind: Type.Literal("artifact"), file: Type.String(), sha256: Type.String(), text: Type.String() }),
    Type.Object({
      kind: Type.Literal("measured"),
      what: Type.String(),
      value: Type.Number(),
      unit: Type.String(),
      limit: Type.String({ description: "What it was held against, ≤ 0.05" }),
      text: Type.String(),
    }),
    Type.Object({ kind: Type.Literal("statement"), text: Type.String() }),
  ],
  { description: "One thing that a gate's outcome rests on" },
);
export type EvidenceView = Static<typeof EvidenceView>;

export const GateView = Type.Object({
  id: Type.String({ description: "Of the catalogue of gates, G13" }),
  name: Type.String({ description: "matrix-completeness" }),
  outcome: Type.Enum([...GATE_OUTCOMES], { description: "Only pass and waived open the gate" }),
  reason: Type.String({ description: "A sentence" }),
  evidence: Type.Array(EvidenceView),
  evidenceOmitted: Type.Integer({ minimum: 0 }),
});
export type GateView = Static<typeof GateView>;

export const ComparisonView = Type.Object({
  benchmark: Type.String(),
  cell: Type.String(),
  unit: Type.String(),
  better: Type.Enum(["lower", "higher"]),
  baseline: Nullable(Type.String({ description: "The version that it was compared with" })),
  baselineFile: Type.Optional(BaselineFile),
  machine: Nullable(Type.String({ description: "The class of machines that measured it; null where it was not kept" })),
  outcome: Type.String(),
  effect: Nullable(
    Type.Object({
      baseline: Type.Number({ description: "In unit" }),
      candidate: Type.Number(),
      ratio: Type.Object(
        { estimate: Nullable(Type.Number()), low: Nullable(Type.Number()), high: Nullable(Type.Number()) },
        { description: "Candidate over baseline, by pairs, with its bounds; null: unbounded" },
      ),
      pairs: Type.Integer(),
    }),
  ),
  differences: Type.Array(Type.Number(), {
    description: "ln of how much worse the candidate is, of each clean pair of all looks; empty where none is known",
  }),
  reason: Type.String({ description: "Why nothing can be told; may be empty" }),
});
export type ComparisonView = Static<typeof ComparisonView>;

const Principal = Type.String({ description: "Who asked, as the audit log names them: owner, token:NAME" });
const PrincipalRole = Nullable(
  Type.String({ description: "Theirs at that time; null: not known, or it is the spec's" }),
);
const Said = Type.String({ description: "For whom they said that it is; counts for no gate; may be empty" });

/** How often the gate stops what has not changed: this project's releases against themselves (A/A). */
export const FalsePositivesView = Type.Object({
  machine: Type.String({ description: "A class of machines: models of GPUs, or a processor and its cores" }),
  comparisons: Type.Integer({ minimum: 0, description: "Benchmarks against themselves; 0: the rate is not known" }),
  stopped: Type.Integer({ minimum: 0, description: "False alarms among them" }),
  undecided: Type.Integer({ minimum: 0, description: "Of which too little could be told" }),
  share: Nullable(
    Type.Object(
      { estimate: Type.Number(), low: Type.Number(), high: Type.Number() },
      { description: "stopped / comparisons with its exact 95 % interval (Clopper and Pearson); null: not known" },
    ),
  ),
});
export type FalsePositivesView = Static<typeof FalsePositivesView>;

/** GET /api/v1/runs/{run}/verdict */
export const VerdictView = Type.Object({
  run: Type.String(),
  verdict: VerdictName,
  reason: Type.String({ description: "That of the gate that decided" }),
  decidedBy: Nullable(Type.String({ description: "Its id; null without any gate" })),
  judgedAtMs: Type.Integer({ description: "When its facts were gathered" }),
  asOfMs: Type.Integer({ description: "The moment for which waivers and approvals were looked at" }),
  candidate: Type.Object({
    name: Type.String(),
    version: Nullable(Type.String()),
    digest: Nullable(
      Type.String({ description: "Over all its files: what approvals and waivers are for; null without files" }),
    ),
    lastRelease: Nullable(Type.String()),
  }),
  counts: RunCounts,
  cells: Type.Object({ planned: Type.Integer(), excluded: Type.Integer(), reduced: Type.Integer() }),
  files: Type.Array(Type.Object({ file: Type.String(), sha256: Type.String(), cell: Nullable(Type.String()) })),
  filesOmitted: Type.Integer({ minimum: 0 }),
  gates: Type.Array(GateView, { description: "In the order of the catalogue" }),
  comparisons: Type.Array(ComparisonView, { description: "Benchmarks against the baseline" }),
  comparisonsOmitted: Type.Integer({ minimum: 0 }),
  falsePositives: Type.Array(FalsePositivesView, { description: "Of each class of machines that measured it" }),
  approvals: Type.Array(
    Type.Object({ who: Principal, role: PrincipalRole, onBehalfOf: Said, digest: Type.String(), atMs: UnixMs }),
  ),
  waivers: Type.Array(
    Type.Object({
      gate: Type.String(),
      who: Type.String({ description: "As of approvals; whoever the spec names where it is the spec's" }),
      role: PrincipalRole,
      onBehalfOf: Said,
      why: Type.String(),
      digest: Type.String(),
      expiresAtMs: UnixMs,
    }),
  ),
});
export type VerdictView = Static<typeof VerdictView>;

const OnBehalfOf = Type.Optional(
  Type.String({ minLength: 1, maxLength: 200, description: "For whom; for people to read, and counts for no gate" }),
);

/** POST /api/v1/runs/{run}/approvals */
export const ApproveBody = Type.Object(
  {
    digest: { ...Digest, description: "Of the candidate that was looked at" },
    onBehalfOf: OnBehalfOf,
  },
  { additionalProperties: false },
);
export type ApproveBody = Static<typeof ApproveBody>;

/** POST /api/v1/runs/{run}/waivers */
export const WaiveBody = Type.Object(
  {
    gate: Type.String({ pattern: "^[GM][0-9]{2}$", description: "Of the catalogue, G13" }),
    digest: { ...Digest, description: "Of the candidate that was looked at" },
    onBehalfOf: OnBehalfOf,
    reason: Type.String({ minLength: 1, maxLength: 500 }),
    expiresAtMs: UnixMs,
  },
  { additionalProperties: false },
);
export type WaiveBody = Static<typeof WaiveBody>;
