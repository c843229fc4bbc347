import { readText, readList, type Field } from "./fields.ts";
import type { ProblemList } from "./problem-list.ts";
import { quote } from "./quote.ts";
import { requirementMistake } from "./requirement.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import type { Place } from "./yaml-value.ts";

/** A shell command; null after saying what is wrong with it. */
export function readCommandText(field: Field, example: string, problems: ProblemList): string | null {
  const { path, value } = field;
  const text = readText(field, `what to run: ${example}`, problems);
  if (text === null) return null;
  const command = text.trim();
  const wrong = (message: string) => {
    problems.add(value.at, path, `${path} ${message}`);
    return null;
  };
  if (command.length > SPEC_LIMITS.commandCharsMax) {
    return wrong(`has ${command.length} characters; the limit is ${SPEC_LIMITS.commandCharsMax}`);
  }
  if (command.includes("\0")) return wrong("has a NUL character");
  return command === "" ? wrong("is empty") : command;
}

/** Requirements (PEP 508). */
export function readRequires(field: Field | undefined, shape: string, problems: ProblemList): readonly string[] {
  const readOne = (text: string, at: Place, path: string): string | null => {
    const mistake = requirementMistake(text);
    if (!mistake) return text;
    problems.add(at, path, `${quote(text)} ${mistake.message}`, mistake.suggestion);
    return null;
  };
  return readList(field, { shape }, readOne, problems);
}

/**
 * Paths of the source, with `/`, relative to its root and inside it; `./tests/`
 * becomes `tests`. The whole source, ".", only where no wheel is imported beside
 * it: the modules of the source would hide those of the wheel.
 */
export function readFiles(
  field: Field | undefined,
  wholeSource: "allowed" | "refused",
  problems: ProblemList,
): readonly string[] {
  const readOne = (text: string, at: Place, path: string): string | null => {
    const wrong = (message: string, suggestion: string) => {
      problems.add(at, path, `${quote(text)} ${message}`, suggestion);
      return null;
    };
    if (text.includes("\\")) return wrong("has a backslash", `write ${text.replaceAll("\\", "/")}`);
    if (/^(\/|~|[A-Za-z]:)/.test(text))
      return wrong("is not relative to the source", "write it from the source's root: tests");
    if (/[*?]/.test(text)) return wrong("is a pattern", "name the folder: tests");
    const parts = text.split("/").filter((part) => part !== "" && part !== ".");
    if (parts.includes("..")) return wrong("leads out of the source", "write it from the source's root: tests");
    if (parts.length > 0) return parts.join("/");
    if (wholeSource === "allowed") return ".";
    return wrong("is the whole source, beside which the wheel is not tested", "name what the tests need: tests");
  };
  return readList(field, { shape: "[tests]" }, readOne, problems);
}

/** A name that becomes part of a job's name; null after saying what is wrong with it. */
export function readJobName(field: Field, problems: ProblemList): string | null {
  const { path, value } = field;
  const text = readText(field, "a name: lint", problems);
  if (text === null) return null;
  if (text.length > SPEC_LIMITS.jobNameCharsMax) {
    const message = `${path} has ${text.length} characters; the limit is ${SPEC_LIMITS.jobNameCharsMax}`;
    problems.add(value.at, path, message, "take a shorter name");
    return null;
  }
  if (/^[a-z0-9][a-z0-9-]*$/.test(text)) return text;
  const meant = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  const suggestion = `write ${meant === "" ? "it like lint" : meant}: lower-case letters, digits and -`;
  problems.add(value.at, path, `${quote(text)} cannot be part of a job's name`, suggestion);
  return null;
}

/** Says which names are given a second time. */
export function refuseSameNames(
  names: readonly { readonly name: string; readonly field: Field }[],
  problems: ProblemList,
): void {
  const seen = new Map<string, number>();
  for (const { name, field } of names) {
    const line = seen.get(name);
    if (line === undefined) seen.set(name, field.value.at.line);
    else {
      const message = `${quote(name)} is the name of two, first on line ${line}`;
      problems.add(field.value.at, field.path, message, "take another name for one of them");
    }
  }
}
