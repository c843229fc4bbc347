import { Problem } from "@kiln/proto";
import type { TSchema } from "typebox";
import { PROBLEM_CONTENT_TYPE, PROBLEMS, type ProblemName } from "./problem.ts";

interface DocumentedResponse {
  readonly description: string;
  readonly headers?: Readonly<Record<string, TSchema>>;
  readonly content?: Readonly<Record<string, { readonly schema: TSchema }>>;
}

export type Responses = Readonly<Record<string, DocumentedResponse>>;

export function json(description: string, schema: TSchema): DocumentedResponse {
  return { description, content: { "application/json": { schema } } };
}

/**
 * The answers of a route for the OpenAPI document: what succeeds, and every
 * problem by its status: with `unauthorized` also `forbidden`, and what any route
 * can answer. They document; they are not used to serialise.
 */
export function responses(good: Responses, ...problems: readonly ProblemName[]): Responses {
  const byStatus = new Map<number, ProblemName[]>();
  const access: readonly ProblemName[] = problems.includes("unauthorized") ? ["forbidden"] : [];
  for (const name of [...problems, ...access, "too-many-requests", "invalid-request", "internal"] as const) {
    const names = byStatus.get(PROBLEMS[name].status) ?? [];
    if (!names.includes(name)) byStatus.set(PROBLEMS[name].status, [...names, name]);
  }
  const bad = [...byStatus].map(([status, names]) => [status, describe(names)] as const);
  return { ...good, ...Object.fromEntries(bad) };
}

function describe(names: readonly ProblemName[]): DocumentedResponse {
  return {
    description: names.map((name) => `\`urn:kiln:problem:${name}\`: ${PROBLEMS[name].title}`).join("; "),
    content: { [PROBLEM_CONTENT_TYPE]: { schema: Problem } },
  };
}
