import { readChoice, readEntries, readList, type SectionFields } from "./fields.ts";
import { readCommandText, readFiles, readRequires } from "./job-parts.ts";
import type { ProblemList } from "./problem-list.ts";
import { readCount } from "./read-count.ts";
import { readAgents } from "./read-agents.ts";
import { readContainer } from "./read-container.ts";
import { quote } from "./quote.ts";
import { ENV_NAME, readLimits } from "./read-limits.ts";
import { readSecrets } from "./read-secrets.ts";
import { isExtraName } from "./requirement.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import type { TestSpec } from "./spec.ts";
import type { Place } from "./yaml-value.ts";

/** A flaky test is a finding: that it passes the second time is not asked unless somebody wants to know. */
const REPEATS = { max: SPEC_LIMITS.repeatFailedMax, missing: 0, example: 1 };

export function readTest(fields: SectionFields<"test">, problems: ProblemList): TestSpec {
  const { requires, extras, files, command, gpu, env, timeout } = fields;
  if (files && !command) {
    const suggestion = "add what to run, such as command: pytest -q tests";
    problems.add(files.keyAt, files.path, "test.files are for test.command, which is missing", suggestion);
  }
  const readOne = (text: string, at: Place, path: string) => readExtra(text, at, path, problems);
  const repeat = fields["repeat-failed"];
  if (repeat && !command) {
    const suggestion = "add what to run, such as command: pytest -q tests";
    problems.add(repeat.keyAt, repeat.path, "test.repeat-failed is for test.command, which is missing", suggestion);
  }
  const { secrets } = fields;
  if (secrets && !command) {
    const suggestion = "add what to run, such as command: pytest -q tests";
    problems.add(secrets.keyAt, secrets.path, "test.secrets are for test.command, which is missing", suggestion);
  }
  const ownEnv = readEntries(env, ENV_NAME, problems);
  return {
    env: ownEnv,
    secrets: readSecrets(secrets, ownEnv, problems),
    extras: readList(extras, { shape: "[fast, docs]" }, readOne, problems),
    requires: readRequires(requires, '[pytest, "numpy>=2"]', problems),
    command: command ? readCommandText(command, "pytest -q tests", problems) : null,
    files: readFiles(files, "refused", problems),
    repeatFailed: readCount(repeat, REPEATS, problems),
    gpu: readChoice(gpu, ["required", "none"], problems),
    container: readContainer(fields.container, problems),
    agents: readAgents(
      fields.agents,
      fields.gpu?.value.type === "string" && fields.gpu.value.text === "none" ? "no-gpu" : "gpu",
      problems,
    ),
    limits: readLimits(timeout, fields["log-limit"], problems),
  };
}

function readExtra(text: string, at: Place, path: string, problems: ProblemList): string | null {
  if (isExtraName(text)) return text;
  problems.add(at, path, `${quote(text)} cannot be the name of an extra`, "names are letters, digits, - _ and .");
  return null;
}
