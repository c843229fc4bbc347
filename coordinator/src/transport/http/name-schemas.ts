type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Moves schemas that have a name to `components.schemas` of an OpenAPI document and
 * refers to them wherever they stand, so that clients made from it have named types.
 */
export function nameSchemas(document: unknown, schemas: Readonly<Record<string, unknown>>): Json {
  const names = new Map(Object.entries(schemas).map(([name, schema]) => [JSON.stringify(schema), name]));
  const refer = (value: Json, itself?: string): Json => {
    if (Array.isArray(value)) return value.map((item: Json) => refer(item));
    if (value === null || typeof value !== "object") return value;
    const name = names.get(JSON.stringify(value));
    if (name !== undefined && name !== itself) return { $ref: `#/components/schemas/${name}` };
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, refer(inner)]));
  };
  const plain = JSON.parse(JSON.stringify(document)) as { readonly components?: { readonly [key: string]: Json } };
  const named = Object.entries(schemas).map(([name, schema]) => [
    name,
    refer(JSON.parse(JSON.stringify(schema)) as Json, name),
  ]);
  const referring = refer(plain) as typeof plain;
  return { ...referring, components: { ...referring.components, schemas: Object.fromEntries(named) as Json } };
}
