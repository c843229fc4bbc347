/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly state:
    | "ok"
    /** Jobs run, with less than they could have. */
    | "warning"
    | "failed"
    /** Not needed, or not possible to tell. */
    | "skipped";
  readonly found: string;
  /** What to do; empty when nothing is. */
  readonly fix: string;
}

const COLUMNS = 80;
const MARKS = { ok: "ok     ", warning: "warning", failed: "FAILED ", skipped: "-      " } as const;

/** The checks as text of at most `columns`, 80 by default, where no word is longer. */
export function checklistText(checks: readonly Check[], columns = COLUMNS): string {
  const nameWidth = Math.max(...checks.map(({ name }) => name.length));
  const indent = " ".repeat("warning".length + 2 + nameWidth + 2);
  const room = Math.max(24, columns - indent.length);
  const lines = checks.flatMap(({ name, state, found, fix }) => {
    const texts = [...wrap(found, room), ...(fix === "" ? [] : wrap(`Fix: ${fix}`, room))];
    const [first = "", ...rest] = texts;
    return [`${MARKS[state]}  ${name.padEnd(nameWidth)}  ${first}`, ...rest.map((text) => indent + text)];
  });
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

/** Text in lines of at most `columns`; words are not cut. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
