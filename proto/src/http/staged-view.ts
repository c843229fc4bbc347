import { Type, type Static } from "typebox";

/** A file of a run's candidate on one of the run's staging indexes. */
export const StagedFileView = Type.Object({
  filename: Type.String(),
  variant: Type.String({ description: "The index it is on: cpu, cu118, …; any: on each of them" }),
  version: Type.String(),
  sha256: Type.String(),
  sizeBytes: Type.Integer({ minimum: 0 }),
  requiresPython: Type.Union([Type.String(), Type.Null()]),
  job: Type.Union([Type.String(), Type.Null()], { description: "The build job that made it; null: it was uploaded" }),
  stagedAtMs: Type.Integer(),
  yanked: Type.Union([Type.String(), Type.Null()], { description: "Why it is yanked; null: it is not" }),
});
export type StagedFileView = Static<typeof StagedFileView>;

/** A build's wheel that could not be staged. */
export const RefusedWheelView = Type.Object({
  job: Type.String(),
  filename: Type.String(),
  sha256: Type.String(),
  reason: Type.String(),
  refusedAtMs: Type.Integer(),
});
export type RefusedWheelView = Static<typeof RefusedWheelView>;

/** What a run has staged. */
export const StagedView = Type.Object({
  files: Type.Array(StagedFileView, { description: "By variant, then name" }),
  refused: Type.Array(RefusedWheelView),
});
export type StagedView = Static<typeof StagedView>;

/** Which of the files of one name is meant: those of one variant, or all. */
const variant = Type.Optional(
  Type.String({ description: "Only on this variant's index; absent: wherever it is", maxLength: 32 }),
);

export const YankBody = Type.Object(
  {
    reason: Type.String({
      description: "What installers show",
      minLength: 1,
      maxLength: 500,
      pattern: "^[^\\x00-\\x1f]*$",
    }),
    variant,
  },
  { additionalProperties: false },
);
export type YankBody = Static<typeof YankBody>;

export const UnyankBody = Type.Object({ variant }, { additionalProperties: false });
export type UnyankBody = Static<typeof UnyankBody>;
