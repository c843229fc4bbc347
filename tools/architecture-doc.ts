import { join } from "node:path";
import { jobStateDiagram } from "../coordinator/src/index.ts";
import { root } from "./tool.ts";

/** The document that has generated parts. */
export const ARCHITECTURE_DOC = join(root, "docs", "ARCHITECTURE.md");

const BEGIN = /^<!-- job-states: .*-->$/mu;
const END = "<!-- /job-states -->";

/** The document with its generated parts as they should be. Throws when the marks between which they lie are gone. */
export function withGeneratedParts(text: string): string {
  const begin = BEGIN.exec(text);
  const end = text.indexOf(END);
  if (begin === null || end < begin.index)
    throw new Error(`docs/ARCHITECTURE.md lacks the marks ${BEGIN.source} and ${END}`);
  const before = text.slice(0, begin.index + begin[0].length);
  return `${before}\n\n\`\`\`mermaid\n${jobStateDiagram()}\n\`\`\`\n\n${text.slice(end)}`;
}
