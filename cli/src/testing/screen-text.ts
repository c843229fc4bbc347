import { lineWidth, toText, type Line } from "../render/line.ts";

/** Lines as a terminal without colours shows them, for snapshots; throws when one is wider than `width`. */
export function screenText(lines: readonly Line[], width: number): string {
  for (const line of lines) {
    if (lineWidth(line) > width) throw new Error(`wider than ${width}: ${JSON.stringify(toText(line, false))}`);
  }
  return `\n${lines.map((line) => toText(line, false)).join("\n")}\n`;
}
