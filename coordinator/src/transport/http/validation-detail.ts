import type { FastifySchemaValidationError } from "fastify/types/schema.js";

const SENTENCES_MAX = 5;
const DETAIL_CHARS_MAX = 1_500;

/**
 * Words what a schema found wrong: `body.candidate.name must not have fewer than
 * 1 characters; …`. `part` is where Fastify looked: body, querystring, params or headers.
 */
export function validationDetail(errors: readonly FastifySchemaValidationError[], part: string): string {
  const byPlace = new Map<string, string[]>();
  for (const error of errors) {
    // The same mistake again: TypeBox reports `false` schemas beside the rule that names the field.
    if (error.keyword === "boolean" || error.keyword === "anyOf") continue;
    const place = [part === "querystring" ? "query" : part, ...error.instancePath.split("/").slice(1)].join(".");
    byPlace.set(place, [...(byPlace.get(place) ?? []), wording(error)]);
  }
  const sentences = [...byPlace].map(([place, wrongs]) => `${place} ${[...new Set(wrongs)].join(" or ")}`);
  const more = sentences.length - SENTENCES_MAX;
  const listed = sentences.slice(0, SENTENCES_MAX).join("; ") + (more > 0 ? `; and ${more} more` : "");
  return `${shortened(listed)}. GET /api/v1/openapi.json says what is taken here.`;
}

function wording(error: FastifySchemaValidationError): string {
  const { params } = error;
  if (error.keyword === "required") return `lacks ${quoted(params["requiredProperties"])}`;
  if (error.keyword === "additionalProperties")
    return `has what is not known here: ${quoted(params["additionalProperties"])}`;
  if (error.keyword === "enum") return `must be one of ${quoted(params["allowedValues"])}`;
  return error.message ?? `breaks the rule ${error.keyword}`;
}

function quoted(names: unknown): string {
  return Array.isArray(names)
    ? names
        .slice(0, 10)
        .map((name) => JSON.stringify(name))
        .join(", ")
    : String(names);
}

function shortened(text: string): string {
  return text.length > DETAIL_CHARS_MAX ? `${text.slice(0, DETAIL_CHARS_MAX)}…` : text;
}
