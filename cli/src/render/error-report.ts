import type { CliError } from "../program/cli-error.ts";
import { line, span, type Line } from "./line.ts";
import { plainText } from "./plain-text.ts";
import { renderProblems } from "./source-problems.ts";

/** An error for a person: what is wrong, where, and what to do. */
export function renderError(error: CliError, width: number): readonly Line[] {
  const [first = "", ...rest] = plainText(error.message).split("\n");
  return [
    line(span("kiln: ", "bad"), first),
    ...rest.map((text) => line(text)),
    ...renderProblems(error.problems, error.sourceText, width),
    ...(error.advice === ""
      ? []
      : plainText(error.advice)
          .split("\n")
          .map((text) => line(text))),
  ];
}
