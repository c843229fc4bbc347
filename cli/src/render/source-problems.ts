import type { SpecProblem } from "@kiln/proto";
import { line, span, type Line } from "./line.ts";
import { oneLine } from "./plain-text.ts";
import { clipText, textWidth } from "./width.ts";

/**
 * Mistakes in a person's file, each as `file:line:column: message`, with the
 * line of the file and a caret. Without a text there is no file that could
 * have a place: the message stands alone.
 */
export function renderProblems(problems: readonly SpecProblem[], sourceText: string, width: number): readonly Line[] {
  const source = sourceText.split(/\r?\n/);
  return problems.flatMap((problem) => {
    const suggestion = problem.suggestion === "" ? "" : `; ${oneLine(problem.suggestion)}`;
    const message = `${oneLine(problem.message)}${suggestion}`;
    if (sourceText === "") return [line(message)];
    const head = line(span(`${problem.file || "kiln.yaml"}:${problem.line}:${problem.column}:`, "bold"), ` ${message}`);
    const text = source[problem.line - 1];
    return text === undefined || text.trim() === "" ? [head] : [head, ...excerpt(text, problem, width)];
  });
}

function excerpt(text: string, problem: SpecProblem, width: number): readonly Line[] {
  const number = String(problem.line).padStart(4);
  const shown = text.replaceAll("\t", " ").replace(/\p{Cc}/gu, "\ufffd");
  const before = textWidth(shown.slice(0, problem.column - 1));
  const room = Math.max(20, width - number.length - 3);
  // A caret beyond the terminal says nothing: the line then starts later.
  const skipped = before < room - 10 ? 0 : before - Math.floor(room / 2);
  const visible = skipped === 0 ? shown : `...${shown.slice(skipped + 3)}`;
  return [
    line(span(`${number} | `, "dim"), clipText(visible, room, "...")),
    line(span(`${" ".repeat(number.length)} | `, "dim"), " ".repeat(before - skipped), span("^", "bad")),
  ];
}
