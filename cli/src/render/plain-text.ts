import { stripVTControlCharacters } from "node:util";

/**
 * Text from a log, a package or another machine, made safe for a terminal:
 * escape sequences are dropped, other control characters and the characters
 * that reorder text (Unicode's Bidi_Control) are replaced, lines are kept. Of
 * a line that was rewritten with carriage returns, the last state is kept.
 */
export function plainText(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll("\r\n", "\n")
    .split("\n")
    .map((line) => {
      const kept = line.replace(/\r+$/, "");
      return kept.slice(kept.lastIndexOf("\r") + 1);
    })
    .join("\n")
    .replaceAll("\t", "    ")
    .replace(/[\p{Cc}\p{Bidi_Control}]/gu, (character) => (character === "\n" ? "\n" : "\ufffd"));
}

/** The same on one line, every run of white space as one space. */
export function oneLine(text: string): string {
  return plainText(text).replace(/\s+/g, " ").trim();
}
