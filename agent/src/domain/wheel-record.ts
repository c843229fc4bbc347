/** One line of a RECORD (PEP 376, PEP 427). */
export interface RecordLine {
  readonly path: string;
  /** Name of the hash and its digest in URL-safe base64 without padding; null where none is given. */
  readonly hash: { readonly algorithm: string; readonly digest: string } | null;
}

/** The lines of a RECORD: CSV of path, hash and size. Empty lines are passed over. */
export function recordLines(record: string): readonly RecordLine[] {
  const lines: RecordLine[] = [];
  for (const line of record.split(/\r?\n/)) {
    const quoted = /^"((?:[^"]|"")*)"/.exec(line);
    const path = quoted ? (quoted[1] ?? "").replaceAll('""', '"') : (line.split(",", 1)[0] ?? "");
    if (path === "") continue;
    const rest = line.slice(quoted ? quoted[0].length : path.length);
    const [, algorithm, digest] = /^,([a-z0-9_]+)=([A-Za-z0-9_-]+)=*,/.exec(rest) ?? [];
    lines.push({ path, hash: algorithm && digest ? { algorithm, digest } : null });
  }
  return lines;
}
