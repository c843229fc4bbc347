import { Type, type Static } from "typebox";

/** One mistake in a person's file, with where it is and what to write instead. */
export const SpecProblem = Type.Object({
  file: Type.String(),
  line: Type.Integer({ minimum: 1 }),
  column: Type.Integer({ minimum: 1 }),
  path: Type.String({ description: "Where in the document, for example test.timeout" }),
  message: Type.String(),
  suggestion: Type.String({ description: "What to write instead; empty when there is nothing to suggest" }),
});
export type SpecProblem = Static<typeof SpecProblem>;

/** The body of every error: RFC 9457, application/problem+json. */
export const Problem = Type.Object({
  type: Type.String({ description: "A closed set of urn:kiln:… identifiers" }),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String({ description: "What is wrong, where, and what to do" }),
  problems: Type.Optional(Type.Array(SpecProblem)),
  farmTimeMs: Type.Optional(Type.Integer({ description: "The farm's time, where a clock is wrong" })),
});
export type Problem = Static<typeof Problem>;
