import { valid } from "@renovatebot/pep440";
import type { AxisNames } from "./axis-names.ts";
import { readChoice, readEntries, readSection, readText, wrongType, type Field } from "./fields.ts";
import { ProblemList } from "./problem-list.ts";
import { quote } from "./quote.ts";
import { readCommands } from "./read-commands.ts";
import { readCount } from "./read-count.ts";
import { readAgents } from "./read-agents.ts";
import { readContainer } from "./read-container.ts";
import { ENV_NAME, readLimits } from "./read-limits.ts";
import { readMatrix } from "./read-matrix.ts";
import { readBench, readProfile } from "./read-measures.ts";
import { readProfiles } from "./read-profiles.ts";
import { readSecrets } from "./read-secrets.ts";
import { readTest } from "./read-test.ts";
import { readWheels } from "./read-wheels.ts";
import { readYaml } from "./read-yaml.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import type { BuildSpec, Spec, SpecPlaces, SpecProblem } from "./spec.ts";

export type ParsedSpec =
  | { readonly ok: true; readonly spec: Spec; readonly places: SpecPlaces }
  /** Every mistake, in the order of the file; never empty. */
  | { readonly ok: false; readonly problems: readonly SpecProblem[] };

/** PEP 517 leaves names to the build backend: `--build-option`, `cmake.define.X`, `setup-args`. */
const SETTING_NAME = { pattern: /^[^\s=\p{Cc}]+$/u, shape: "cmake.build-type" };

const RETRIES = { max: SPEC_LIMITS.infrastructureRetriesMax, missing: 2, example: 2 };

/**
 * Reads a kiln.yaml. Empty text means all defaults. `file` is the name that
 * problems carry. Where the YAML itself is broken, what follows the break is
 * not judged: the parser guesses there, and so would the message.
 */
export function parseSpec(text: string, file: string): ParsedSpec {
  const problems = new ProblemList(file);
  if (text.length > SPEC_LIMITS.textCharsMax) {
    const message = `the file has ${text.length} characters; the limit is ${SPEC_LIMITS.textCharsMax}`;
    problems.add({ line: 1, column: 1 }, "", message, "keep scripts in files of their own and call them");
    return { ok: false, problems: problems.inOrder() };
  }
  const value = readYaml(text, problems);
  const top = readSection("", value ?? undefined, problems);
  readFormat(top.kiln, problems);
  const matrix = readMatrix(readSection("matrix", top.matrix?.value, problems), problems);
  const spec: Spec = {
    version: readVersion(top.version, problems),
    ...matrix.spec,
    // Not the order of RELEASE_TYPES: the first is the one that a missing key means.
    release: readChoice(top.release, ["minor", "patch", "major", "hotfix"], problems),
    profiles: readProfiles(top.profiles, problems),
    build: readBuild(top.build, matrix.names, problems),
    test: readTest(readSection("test", top.test?.value, problems), problems),
    checks: readCommands("checks", top.checks, problems),
    scans: readCommands("scans", top.scans, problems),
    bench: readBench(top.bench, matrix.names.all, problems),
    profile: readProfile(top.profile, matrix.names.all, problems),
    retry: {
      infrastructure: readCount(readSection("retry", top.retry?.value, problems).infrastructure, RETRIES, problems),
    },
    gates: top.gates?.value ?? null,
    waivers: top.waivers?.value ?? null,
    maxParallel: readMaxParallel(top["max-parallel"], problems),
  };
  const mistakes = problems.inOrder();
  if (mistakes.length > 0) return { ok: false, problems: mistakes };
  return { ok: true, spec, places: { file, version: top.version?.value.at ?? null, axes: matrix.places } };
}

function readBuild(field: Field | undefined, names: AxisNames, problems: ProblemList): BuildSpec {
  const fields = readSection("build", field?.value, problems);
  const env = readEntries(fields.env, ENV_NAME, problems);
  return {
    env,
    secrets: readSecrets(fields.secrets, env, problems),
    configSettings: readEntries(fields["config-settings"], SETTING_NAME, problems),
    frontend: readChoice(fields.frontend, ["pip", "cibuildwheel"], problems),
    reproducible: readChoice(fields.reproducible, ["unchecked", "check"], problems),
    wheels: readWheels(fields.wheel, fields.wheels, names, problems),
    container: readContainer(fields.container, problems),
    agents: readAgents(fields.agents, "no-gpu", problems),
    limits: readLimits(fields.timeout, fields["log-limit"], problems),
  };
}

function readMaxParallel(field: Field | undefined, problems: ProblemList): number | null {
  if (!field) return null;
  const rules = { min: 1, max: SPEC_LIMITS.maxParallelMax, missing: 1, example: 20 };
  return readCount(field, rules, problems);
}

function readFormat(field: Field | undefined, problems: ProblemList): void {
  if (!field || (field.value.type === "number" && field.value.text === "1")) return;
  const { value, path } = field;
  if (value.type === "number")
    problems.add(value.at, path, `this Kiln reads format 1 of kiln.yaml, not ${value.text}`, "write kiln: 1");
  else wrongType(value, path, "kiln: 1", problems);
}

function readVersion(field: Field | undefined, problems: ProblemList): string | null {
  if (!field) return null;
  const text = readText(field, "a version: 1.2.0", problems);
  if (text === null) return null;
  if (text.length > SPEC_LIMITS.versionCharsMax || valid(text) === null) {
    const shown = quote(text);
    problems.add(
      field.value.at,
      field.path,
      `${shown} is no version (PEP 440)`,
      "write it like 1.2.0, 1.2.0rc1 or 1.2.0.post1",
    );
  }
  return text;
}
