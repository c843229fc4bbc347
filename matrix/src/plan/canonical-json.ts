/** What canonical JSON can hold here: no numbers but integers, so that every writer agrees on their text. */
export type CanonicalValue =
  | string
  | number
  | boolean
  | null
  | readonly CanonicalValue[]
  | { readonly [key: string]: CanonicalValue };

/** JSON without white space and with sorted keys: equal values have equal text, in whatever order they were built. */
export function canonicalJson(value: CanonicalValue): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = sortedEntries(value as { readonly [key: string]: CanonicalValue });
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(",")}}`;
}

/** The same record with its keys in order, for output that is equal to the byte. */
export function sortedRecord<T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(sortedEntries(record));
}

function sortedEntries<T>(record: Readonly<Record<string, T>>): [string, T][] {
  // By UTF-16 units, not by language, and keys are never equal.
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
