import { oneLine } from "../render/plain-text.ts";
import type { SourceFacts } from "../source/facts.ts";
import type { Chosen, ChosenAxes } from "./choose-axes.ts";
import type { Survey, WheelHint } from "./survey.ts";

export interface SpecText {
  readonly facts: SourceFacts | null;
  readonly survey: Survey;
  readonly axes: ChosenAxes;
  /** Where editors find the schema, relative to the file. */
  readonly schema: string;
}

/** A commented kiln.yaml. */
export function writeSpec({ facts, survey, axes, schema }: SpecText): string {
  const name = facts === null ? "this project" : facts.name;
  const lines = [
    `# yaml-language-server: $schema=${schema}`,
    ...comment(`What Kiln builds and tests of ${name}. ./kiln plan shows the matrix, and why a cell is not in it.`),
    "kiln: 1",
    ...version(facts),
    "",
    "matrix:",
    ...indented([
      ...comment(
        "available: what the farm's agents run on. Or a list: linux-x86_64, ubuntu-22.04, macos-14, windows-11 …",
      ),
      "os: available",
      ...axis("python", axes.python),
      ...(axes.torch === null ? [] : axis("torch", axes.torch)),
      ...(axes.cuda === null ? [] : axis("cuda", axes.cuda)),
    ]),
    "",
    ...build(survey, axes),
    ...tests(survey, axes),
    ...checks(survey),
    ...scans(),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function version(facts: SourceFacts | null): readonly string[] {
  if (facts?.version == null) {
    return comment(
      "version: not written, because only a build can tell it. Write it here to have every wheel checked for it.",
    );
  }
  return [
    `# A candidate with another version is refused (found in ${oneLine(facts.factsFrom)}).`,
    `version: ${scalar(facts.version)}`,
  ];
}

function axis(name: string, { values, why }: Chosen): readonly string[] {
  return [...comment(why), `${name}: ${list(values)}`];
}

function build({ wheel, archList }: Survey, axes: ChosenAxes): readonly string[] {
  const cuda = axes.cuda === null ? "none" : "linked";
  const torch = axes.torch === null ? "none" : "linked";
  const linked = axes.torch !== null || axes.cuda !== null;
  const lines = comment(wheelWhy(wheel.value, wheel.where));
  if (!linked && wheel.value.kind !== "abi3") {
    return ["build:", ...indented([...lines, `wheel: ${wheel.value.kind}`, "timeout: 20m"]), ""];
  }
  const isPure = wheel.value.kind === "pure";
  const entry = [
    `- kind: ${wheel.value.kind}`,
    ...(wheel.value.kind === "abi3" ? [`  python: ${scalar(wheel.value.python)}`] : []),
    ...(isPure || !linked
      ? []
      : [
          ...comment("linked: a wheel for each; stable: torch's stable ABI; none: one for all", "  "),
          `  torch: ${torch}`,
          `  cuda: ${cuda}`,
        ]),
    ...(archList === null || axes.cuda === null || isPure
      ? []
      : [
          ...comment(`TORCH_CUDA_ARCH_LIST, as ${archList.where} has it`, "  "),
          `  arch-list: ${list(archList.value)}`,
        ]),
  ];
  return [
    "build:",
    ...indented([...lines, "wheels:", ...indented(entry), `timeout: ${axes.cuda === null || isPure ? "20m" : "2h"}`]),
    "",
  ];
}

function wheelWhy(hint: WheelHint, where: string): string {
  switch (hint.kind) {
    case "pure":
      return `One wheel for everything: ${where}.`;
    case "native":
      return `A wheel for each Python and platform: compiled code (${where}).`;
    case "abi3":
      return `One wheel for all Pythons from ${hint.python} on, for each platform: the stable ABI (${where}).`;
  }
}

function tests({ tests: hints, scripts }: Survey, axes: ChosenAxes): readonly string[] {
  const { pytest, files, extras } = hints;
  const gpu =
    axes.cuda === null
      ? []
      : [
          ...comment("Tests of cells with CUDA need a GPU whose driver runs it; none: they run anywhere."),
          "gpu: required",
        ];
  const hint = scripts.length === 0 ? "" : ` The wheel installs the command ${scripts.slice(0, 3).join(", ")}.`;
  if (pytest === null) {
    const found = comment(
      `No tests were found: each test imports what the wheel installs. Write a command to run more.${hint}`,
    );
    return [
      ...(gpu.length === 0
        ? [...found, "# test:", "#   command: python -m pytest", "#   files: [tests]"]
        : [...found, "test:", ...indented(gpu)]),
      "",
    ];
  }
  const command = files
    .filter((path) => path !== "conftest.py" && path !== "pytest.ini")
    .map(shellWord)
    .join(" ");
  return [
    "test:",
    ...indented([
      ...comment(
        `The source is not there: these files are copied beside the installed wheel (${pytest.where}).${hint}`,
      ),
      `files: ${list(files)}`,
      ...(extras.length === 0 ? [] : [`extras: ${list(extras)}`]),
      "requires: [pytest]",
      `command: ${scalar(`python -m pytest -q ${command}`)}`,
      "timeout: 20m",
      ...gpu,
    ]),
    "",
  ];
}

const LINT: Record<Survey["linters"][number]["value"], string> = {
  ruff: "ruff check .",
  mypy: "mypy .",
  flake8: "flake8 .",
};

function checks({ linters }: Survey): readonly string[] {
  if (linters.length === 0) return [];
  const entries = linters.flatMap(({ value, where }) => [
    ...comment(`Settings: ${where}`),
    `- {name: ${value}, command: ${LINT[value]}, requires: [${value}], files: [.]}`,
  ]);
  return ["# Run once, on the source.", "checks:", ...indented(entries), ""];
}

function scans(): readonly string[] {
  return [
    "# Run on every wheel.",
    "scans:",
    `  - {name: metadata, command: 'twine check --strict "$KILN_WHEEL"', requires: [twine]}`,
    "",
    ...comment(
      "What a release of a type has to pass; full, pairwise, 3-wise or touchstone. ./kiln plan --release patch shows it.",
    ),
    "# profiles:",
    "#   patch: {reduce: pairwise}",
    "#   hotfix: {reduce: touchstone}",
  ];
}

const COMMENT_WIDTH = 100;

/** Lines of a comment; text from files is made safe to stand in one. */
function comment(text: string, indent = ""): readonly string[] {
  const lines: string[] = [];
  for (const word of oneLine(text).split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= COMMENT_WIDTH)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${indent}# ${word}`);
  }
  return lines;
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((text) => `  ${text}`);
}

function list(values: readonly string[]): string {
  return `[${values.map(scalar).join(", ")}]`;
}

/** YAML 1.2: plain where that is certain to be a text, else quoted as JSON is. */
function scalar(text: string): string {
  const plain = /^[A-Za-z_][\w./-]*( [\w./-]+)*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return plain ? text : JSON.stringify(text);
}

function shellWord(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
