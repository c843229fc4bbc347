/** What an index has to know of a distribution's core metadata. */
export interface CoreMetadata {
  readonly name: string;
  readonly version: string;
  readonly requiresPython: string | null;
}

export type ParsedMetadata =
  | { readonly ok: true; readonly metadata: CoreMetadata }
  | { readonly ok: false; readonly reason: string };

/** Reads the headers of a METADATA file (the specification "Core metadata": RFC 5322 headers, then the description). */
export function parseCoreMetadata(text: string): ParsedMetadata {
  const headers = coreHeaders(text);
  const one = (name: string): string | null => {
    const values = headers.get(name) ?? [];
    return values.length === 1 ? (values[0] ?? null) : null;
  };
  for (const name of ["metadata-version", "name", "version"]) {
    const count = headers.get(name)?.length ?? 0;
    if (count !== 1) return { ok: false, reason: `its METADATA has ${count === 0 ? "no" : count} "${name}"` };
  }
  if ((headers.get("requires-python")?.length ?? 0) > 1) {
    return { ok: false, reason: 'its METADATA has more than one "requires-python"' };
  }
  const metadata = { name: one("name") ?? "", version: one("version") ?? "", requiresPython: one("requires-python") };
  return { ok: true, metadata };
}

/** Values by lower-case name, with the lines that continue them. */
export function coreHeaders(text: string): ReadonlyMap<string, readonly string[]> {
  const headers = new Map<string, string[]>();
  let values: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line === "") break;
    const match = /^([A-Za-z0-9-]+):[ \t]*(.*)$/.exec(line);
    if (match) {
      const name = (match[1] ?? "").toLowerCase();
      values = headers.get(name) ?? [];
      headers.set(name, values);
      values.push((match[2] ?? "").trim());
    } else if (/^[ \t]/.test(line) && values.length > 0) {
      values.push(`${values.pop()} ${line.trim()}`);
    }
  }
  return headers;
}
