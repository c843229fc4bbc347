import { readEntries, readSection, wrongType, type Field, type SectionFields } from "./fields.ts";
import { readCommandText, readFiles, readJobName, readRequires, refuseSameNames } from "./job-parts.ts";
import type { ProblemList } from "./problem-list.ts";
import { readAgents } from "./read-agents.ts";
import { readContainer } from "./read-container.ts";
import { ENV_NAME, readLimits } from "./read-limits.ts";
import { readSecrets } from "./read-secrets.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import type { CommandSpec, MeasureSpec } from "./spec.ts";
import type { YamlValue } from "./yaml-value.ts";

type Commands = "checks" | "scans";

const EXAMPLES = {
  checks: { entry: "{name: lint, command: ruff check .}", command: "ruff check ." },
  scans: { entry: "{name: metadata, command: 'twine check \"$KILN_WHEEL\"'}", command: 'twine check "$KILN_WHEEL"' },
} as const;

/** The commands of `checks` or `scans`, which have different names. */
export function readCommands(list: Commands, field: Field | undefined, problems: ProblemList): readonly CommandSpec[] {
  if (!field || field.value.type === "null") return [];
  const { value, path } = field;
  if (value.type !== "list") {
    wrongType(value, path, `a list of mappings: [${EXAMPLES[list].entry}]`, problems);
    return [];
  }
  if (value.items.length > SPEC_LIMITS.commandsMax) {
    const message = `${path} has ${value.items.length} entries; the limit is ${SPEC_LIMITS.commandsMax}`;
    problems.add(value.at, path, message, "put several commands into one with &&");
    return [];
  }
  const names: { name: string; field: Field }[] = [];
  const commands = value.items.map((item, index) => {
    const fields = entrySection(list, item, `${path}[${index}]`, problems);
    const name = fields.name ? readJobName(fields.name, problems) : null;
    if (fields.name && name !== null) names.push({ name, field: fields.name });
    return { name: name ?? "", ...readCommon(fields, EXAMPLES[list].command, "allowed", "no-gpu", problems) };
  });
  refuseSameNames(names, problems);
  return commands;
}

function entrySection(list: Commands, item: YamlValue, path: string, problems: ProblemList): SectionFields<"checks[]"> {
  if (item.type === "null") wrongType(item, path, EXAMPLES[list].entry, problems);
  const fields = readSection(`${list}[]`, item, problems, path);
  const missing = (["name", "command"] as const).filter((key) => !fields[key]);
  if (item.type === "map" && missing.length > 0) {
    problems.add(item.at, path, `${path} has no ${missing.join(" and no ")}`, `write ${EXAMPLES[list].entry}`);
  }
  return fields;
}

export function readCommon(
  fields: Omit<SectionFields<"bench">, "when">,
  example: string,
  wholeSource: "allowed" | "refused",
  gpus: "gpu" | "no-gpu",
  problems: ProblemList,
): Omit<MeasureSpec, "when"> {
  const env = readEntries(fields.env, ENV_NAME, problems);
  return {
    command: (fields.command && readCommandText(fields.command, example, problems)) ?? "",
    requires: readRequires(fields.requires, '[ruff, "mypy>=1"]', problems),
    files: readFiles(fields.files, wholeSource, problems),
    env,
    secrets: readSecrets(fields.secrets, env, problems),
    container: readContainer(fields.container, problems),
    agents: readAgents(fields.agents, gpus, problems),
    limits: readLimits(fields.timeout, fields["log-limit"], problems),
  };
}
