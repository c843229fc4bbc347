/** CSI and OSC sequences, and other two-byte escapes (ECMA-48). */
// oxlint-disable-next-line no-control-regex
const ANSI = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;

/** Lines of a log as a person saw them: no colours, and of lines drawn over each other the last. */
export function logLines(text: string): string[] {
  const lines = text.replace(ANSI, "").replaceAll("\r\n", "\n").split("\n");
  const shown = lines.map((line) => {
    const drawn = line.replace(/\r+$/, "");
    return drawn.slice(drawn.lastIndexOf("\r") + 1).trimEnd();
  });
  while (shown.at(-1) === "") shown.pop();
  return shown;
}

/** Length in UTF-8, without making the bytes. A lone surrogate counts as what replaces it. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(i + 1))) {
      bytes += 2;
      i++;
    } else bytes += 2;
  }
  return bytes;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

/** Whole lines from the chosen end that fit into `bytesMax`, and "…" for what was left out. */
export function fitLines(lines: readonly string[], bytesMax: number, keep: "start" | "end"): string[] {
  const ellipsis = "…";
  const kept: string[] = [];
  let left = bytesMax - (utf8Length(ellipsis) + 1);
  for (let i = 0; i < lines.length; i++) {
    const line = cutLine(lines[keep === "start" ? i : lines.length - 1 - i] ?? "");
    const cost = utf8Length(line) + 1;
    if (cost > left) {
      kept.push(ellipsis);
      break;
    }
    kept.push(line);
    left -= cost;
  }
  return keep === "start" ? kept : kept.toReversed();
}

/** Longest part of one line that is shown. */
const LINE_CHARS_MAX = 400;

function cutLine(line: string): string {
  return line.length <= LINE_CHARS_MAX ? line : `${line.slice(0, LINE_CHARS_MAX).toWellFormed()}…`;
}
