import { Refusal, shown } from "./refusal.ts";

export interface CsvRecord {
  /** Of its first character, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

const PLAIN = /[^",\r\n]*/uy;

/**
 * Comma-separated records (RFC 4180): quotes may hold commas, doubled quotes
 * and line ends; LF and CRLF; a byte-order mark is skipped, and so are empty
 * lines. A quote that is not closed, or not at a field's edge, is refused.
 */
export function parseCsv(text: string): readonly CsvRecord[] {
  const records: CsvRecord[] = [];
  let at = text.startsWith("\uFEFF") ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    const started = line;
    const fields: string[] = [];
    for (;;) {
      const to = fieldEnd(text, at);
      if (to === undefined) throw new Refusal(`line ${line}`, "a quoted field is not closed", "Was the file cut off?");
      const written = text.slice(at, to);
      at = to;
      line += written.split("\n").length - 1;
      fields.push(written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written);
      const next = text[at];
      if (next === ",") {
        at += 1;
        continue;
      }
      if (next !== undefined && next !== "\n" && !text.startsWith("\r\n", at)) {
        throw new Refusal(
          `line ${line}`,
          `${shown(text.slice(at, at + 10))} follows a field's end`,
          "Fields that hold quotes or commas are quoted.",
        );
      }
      at += next === "\r" ? 2 : 1;
      line += 1;
      break;
    }
    if (fields.length > 1 || fields[0] !== "") records.push({ line: started, fields });
  }
  return records;
}

/** Where the field that begins at `at` ends; undefined for a quote that is not closed. */
function fieldEnd(text: string, at: number): number | undefined {
  if (text[at] !== '"') {
    PLAIN.lastIndex = at;
    return at + (PLAIN.exec(text)?.[0].length ?? 0);
  }
  for (let to = text.indexOf('"', at + 1); to >= 0; to = text.indexOf('"', to + 2)) {
    if (text[to + 1] !== '"') return to + 1;
  }
  return undefined;
}
