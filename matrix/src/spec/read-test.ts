import { readEntries, readList, readText, type Fields } from "./fields.ts";
import { ENV_NAME, readLimits } from "./read-limits.ts";
import type { ProblemList } from "./problem-list.ts";
import { quote } from "./quote.ts";
import { isExtraName, requirementMistake } from "./requirement.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import type { TestSpec } from "./spec.ts";
import type { Place } from "./yaml-value.ts";

type TestKey = "requires" | "extras" | "files" | "command" | "env" | "timeout" | "log-limit";

export function readTest(fields: Fields<TestKey>, problems: ProblemList): TestSpec {
  const { requires, extras, files, command, env, timeout } = fields;
  if (files && !command) {
    const suggestion = "add what to run, such as command: pytest -q tests";
    problems.add(files.keyAt, files.path, "test.files are for test.command, which is missing", suggestion);
  }
  return {
    env: readEntries(env, ENV_NAME, problems),
    extras: readList(extras, "[fast, docs]", (text, at, path) => readExtra(text, at, path, problems), problems),
    requires: readList(
      requires,
      '[pytest, "numpy>=2"]',
      (text, at, path) => readRequirement(text, at, path, problems),
      problems,
    ),
    command: command
      ? readCommand(readText(command, "what to run: pytest -q tests", problems), command.value.at, problems)
      : null,
    files: readList(files, "[tests]", (text, at, path) => readSourcePath(text, at, path, problems), problems),
    limits: readLimits("test", timeout, fields["log-limit"], problems),
  };
}

function readExtra(text: string, at: Place, path: string, problems: ProblemList): string | null {
  if (isExtraName(text)) return text;
  problems.add(at, path, `${quote(text)} cannot be the name of an extra`, "names are letters, digits, - _ and .");
  return null;
}

function readRequirement(text: string, at: Place, path: string, problems: ProblemList): string | null {
  const mistake = requirementMistake(text);
  if (!mistake) return text;
  problems.add(at, path, `${quote(text)} ${mistake.message}`, mistake.suggestion);
  return null;
}

function readCommand(text: string | null, at: Place, problems: ProblemList): string | null {
  const command = text?.trim() ?? "";
  const wrong = (message: string) => problems.add(at, "test.command", `test.command ${message}`);
  if (command.length > SPEC_LIMITS.commandCharsMax) {
    wrong(`has ${command.length} characters; the limit is ${SPEC_LIMITS.commandCharsMax}`);
  } else if (command.includes("\0")) {
    wrong("has a NUL character");
  } else if (text !== null && command === "") {
    wrong("is empty");
  }
  return command === "" ? null : command;
}

/** A path of the source, with `/`, relative to its root and inside it; `./tests/` becomes `tests`. */
function readSourcePath(text: string, at: Place, path: string, problems: ProblemList): string | null {
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
  if (parts.length === 0)
    return wrong("is the whole source, beside which the wheel is not tested", "name what the tests need: tests");
  return parts.join("/");
}
