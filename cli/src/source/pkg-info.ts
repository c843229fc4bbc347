import type { SourceFacts } from "./facts.ts";

/** Header fields of core metadata (RFC 822 form, "Core metadata specifications"), by lower-case name, each with its values. */
function parseHeaders(text: string): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>();
  let current = "";
  for (const line of text.replace(/^\ufeff/, "").split(/\r?\n/)) {
    if (line === "") break;
    if (/^[ \t]/.test(line)) {
      // A continued line of the field before.
      const values = fields.get(current);
      const last = values?.pop();
      if (values !== undefined && last !== undefined) values.push(`${last}\n${line.trim()}`);
      continue;
    }
    const match = /^([A-Za-z0-9-]+)\s*:\s*(.*)$/.exec(line);
    current = match?.[1]?.toLowerCase() ?? "";
    if (current === "") continue;
    const value = (match?.[2] ?? "").trim();
    const values = fields.get(current);
    if (values === undefined) fields.set(current, [value]);
    else values.push(value);
  }
  return fields;
}

/** Facts of a PKG-INFO, or null when it lacks a name or a version. */
export function factsOfPkgInfo(text: string, factsFrom: string): SourceFacts | null {
  const fields = parseHeaders(text);
  const first = (field: string): string => fields.get(field)?.[0] ?? "";
  const [name, version] = [first("name"), first("version")];
  if (name === "" || version === "") return null;
  return {
    name,
    version,
    requiresPython: first("requires-python") || null,
    requiresDist: requiresDist(fields),
    factsFrom,
  };
}

/**
 * The dependencies, or null when only a build can tell: fields named `Dynamic`
 * (PEP 643), and, before metadata 2.2 knew that word, a file without any.
 */
function requiresDist(fields: ReadonlyMap<string, readonly string[]>): readonly string[] | null {
  const stated = fields.get("requires-dist") ?? [];
  if ((fields.get("dynamic") ?? []).some((field) => field.toLowerCase() === "requires-dist")) return null;
  const [major = 0, minor = 0] = (fields.get("metadata-version")?.[0] ?? "").split(".").map(Number);
  const knowsDynamic = major > 2 || (major === 2 && minor >= 2);
  return knowsDynamic || stated.length > 0 ? stated : null;
}
