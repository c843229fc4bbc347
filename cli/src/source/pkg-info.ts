import type { SourceFacts } from "./facts.ts";

/**
 * Header fields of core metadata (RFC 822 form, "Core metadata specifications"),
 * by lower-case name; the first value of each.
 */
function parseHeaders(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let current = "";
  for (const line of text.replace(/^\ufeff/, "").split(/\r?\n/)) {
    if (line === "") break;
    if (/^[ \t]/.test(line)) {
      // A continued line of the field before; only the first of several fields is kept.
      if (current !== "") fields.set(current, `${fields.get(current) ?? ""}\n${line.trim()}`);
      continue;
    }
    const match = /^([A-Za-z0-9-]+)\s*:\s*(.*)$/.exec(line);
    const name = match?.[1]?.toLowerCase() ?? "";
    current = name === "" || fields.has(name) ? "" : name;
    if (current !== "") fields.set(current, (match?.[2] ?? "").trim());
  }
  return fields;
}

/** Facts of a PKG-INFO, or null when it lacks a name or a version. */
export function factsOfPkgInfo(text: string, factsFrom: string): SourceFacts | null {
  const fields = parseHeaders(text);
  const name = fields.get("name") ?? "";
  const version = fields.get("version") ?? "";
  if (name === "" || version === "") return null;
  return { name, version, requiresPython: fields.get("requires-python") || null, factsFrom };
}
