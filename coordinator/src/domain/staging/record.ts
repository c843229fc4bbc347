/** Size in bytes by path; null where RECORD gives none. */
export type RecordedFiles = ReadonlyMap<string, number | null>;

/**
 * Reads a wheel's RECORD: lines `path,hash,size` as CSV (the specification
 * "Recording installed projects"). Returns a sentence where a line is none.
 */
export function parseRecord(text: string): RecordedFiles | string {
  const files = new Map<string, number | null>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === "") continue;
    const match = /^(?:"((?:[^"]|"")*)"|([^",]*)),([^",]*),(\d*)$/.exec(line);
    if (!match) return `line ${index + 1} of its RECORD is not "path,hash,size"`;
    const path = (match[1]?.replaceAll('""', '"') ?? match[2] ?? "").replaceAll("\\", "/");
    if (files.has(path)) return `its RECORD lists ${path} twice`;
    files.set(path, match[4] === "" ? null : Number(match[4]));
  }
  return files;
}
