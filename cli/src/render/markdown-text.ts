import { oneLine } from "./plain-text.ts";

/** A table of GitHub Flavored Markdown. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rowText = (cells: readonly string[]): string => `| ${cells.map(markdownText).join(" | ")} |`;
  return [rowText(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(rowText)].join("\n");
}

/** Text that Markdown and the HTML in it leave as it is. */
export function markdownText(text: string): string {
  return oneLine(text)
    .replace(/[\\`*_[\]<>|]/g, "\\$&")
    .replaceAll("@", "@\u200b");
}
