type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Moves schemas that have a name to `components.schemas` of an OpenAPI document and
 * refers to them wherever they stand, so that clients made from it have named types.
 */
export function nameSchemas(document: unknown, schemas: Readonly<Record<string, unknown>>): Json {
  const normal = Object.entries(schemas).map(([name, schema]) => [name, normalised(toJson(schema))] as const);
  const names = new Map(normal.map(([name, schema]) => [JSON.stringify(schema), name]));
  const refer = (value: Json, itself?: string): Json => {
    if (Array.isArray(value)) return value.map((item: Json) => refer(item));
    if (value === null || typeof value !== "object") return value;
    const name = names.get(JSON.stringify(normalised(value)));
    if (name !== undefined && name !== itself) return { $ref: `#/components/schemas/${name}` };
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, refer(inner)]));
  };
  const referring = refer(toJson(document)) as { readonly components?: { readonly [key: string]: Json } };
  const named = Object.fromEntries(normal.map(([name, schema]) => [name, refer(schema, name)]));
  return { ...referring, components: { ...referring.components, schemas: named } };
}

/**
 * The same for equal schemas: sorted keys, and `additionalProperties` for a pattern
 * that every key matches, as @fastify/swagger spells it.
 */
function normalised(value: Json): Json {
  if (Array.isArray(value)) return value.map(normalised);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([key, inner]): [string, Json] => {
    if (key === "patternProperties") return ["additionalProperties", normalised(Object.values(inner ?? {})[0] as Json)];
    return [key, normalised(inner)];
  });
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function toJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
