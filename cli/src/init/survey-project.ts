import { iniLines, iniSection } from "../source/ini.ts";
import { textsOf } from "../source/python-values.ts";
import type { Found, ProjectFiles, Survey } from "./survey.ts";
import { surveyCuda } from "./survey-cuda.ts";
import { surveyTests } from "./survey-tests.ts";
import { at, strings } from "./toml-path.ts";
import { surveyWheel } from "./survey-wheel.ts";

/** What a project's files say about how it is to be built and tested. */
export function surveyProject(files: ProjectFiles): Survey {
  const { facts } = files;
  const { cuda, archList } = surveyCuda(files);
  return {
    requiresPython: facts?.requiresPython == null ? null : { value: facts.requiresPython, where: facts.factsFrom },
    classifiedPythons: classifiedPythons(files),
    torch: surveyTorch(files),
    cuda,
    archList,
    wheel: surveyWheel(files),
    tests: surveyTests(files),
    linters: surveyLinters(files),
    scripts: surveyScripts(files),
  };
}

function classifiedPythons({ pyproject, setupCfg, setupCall }: ProjectFiles): readonly string[] {
  const classifiers = [
    ...strings(at(pyproject, "project", "classifiers")),
    ...(setupCfg === null ? [] : (iniLines(setupCfg, "metadata", "classifiers") ?? [])),
    ...(textsOf(setupCall?.named.get("classifiers")) ?? []),
  ];
  const versions = classifiers.map((each) => /^Programming Language :: Python :: (\d+\.\d+)$/.exec(each)?.[1]);
  return [...new Set(versions.filter((version) => version !== undefined))];
}

/** The first requirement on torch, of the wheel before that of its build. */
function surveyTorch({ facts, pyproject, setupCall }: ProjectFiles): Found<string> | null {
  const lists: readonly (readonly [readonly string[], string])[] = [
    [facts?.requiresDist ?? [], facts?.factsFrom ?? ""],
    [textsOf(setupCall?.named.get("install_requires")) ?? [], "setup.py"],
    [
      Object.values(at(pyproject, "project", "optional-dependencies") ?? {}).flatMap(strings),
      "pyproject.toml [project.optional-dependencies]",
    ],
    [strings(at(pyproject, "build-system", "requires")), "pyproject.toml [build-system]"],
  ];
  for (const [list, where] of lists) {
    for (const requirement of list) {
      const match = /^\s*torch\s*(?:\[[^\]]*\])?\s*\(?([^;@)]*)\)?\s*(;.*)?$/i.exec(requirement);
      if (match !== null) return { value: (match[1] ?? "").replace(/\s+/g, ""), where };
    }
  }
  return null;
}

function surveyLinters({ pyproject, setupCfg, texts, paths }: ProjectFiles): Survey["linters"] {
  const found: Found<"ruff" | "mypy" | "flake8">[] = [];
  const file = (name: RegExp): string | undefined => paths.find((path) => name.test(path));
  const ruff = at(pyproject, "tool", "ruff") === undefined ? file(/^\.?ruff\.toml$/) : "pyproject.toml [tool.ruff]";
  if (ruff !== undefined) found.push({ value: "ruff", where: ruff });
  const mypy = at(pyproject, "tool", "mypy") === undefined ? file(/^mypy\.ini$/) : "pyproject.toml [tool.mypy]";
  if (mypy !== undefined) found.push({ value: "mypy", where: mypy });
  const flake8 =
    setupCfg !== null && iniSection(setupCfg, "flake8").size > 0
      ? "setup.cfg [flake8]"
      : texts.has(".flake8")
        ? ".flake8"
        : null;
  if (flake8 !== null) found.push({ value: "flake8", where: flake8 });
  return found;
}

function surveyScripts({ pyproject, setupCfg, setupCall }: ProjectFiles): readonly string[] {
  const points = setupCall?.named.get("entry_points");
  const console = points?.kind === "dict" ? textsOf(points.entries.get("console_scripts")) : null;
  const lines = [
    ...(setupCfg === null ? [] : (iniLines(setupCfg, "options.entry_points", "console_scripts") ?? [])),
    ...(console ?? []),
  ];
  const names = [
    ...Object.keys(at(pyproject, "project", "scripts") ?? {}),
    ...lines.map((each) => each.split("=")[0]?.trim() ?? ""),
  ];
  return [...new Set(names)].filter((name) => /^[\w.-]+$/.test(name));
}
