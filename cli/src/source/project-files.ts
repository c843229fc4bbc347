import type { SourceFacts } from "./facts.ts";
import { iniLines, iniSection } from "./ini.ts";
import { readSetupCall, textsOf, type PythonCall } from "./python-values.ts";

/** Texts of the files at a project's root that may say what it is; null for those that are not there. */
export interface ProjectTexts {
  /** pyproject.toml, parsed. */
  readonly pyproject: Readonly<Record<string, unknown>> | null;
  readonly setupCfg: string | null;
  readonly setupPy: string | null;
  /** Facts of the PKG-INFO that an unpacked sdist has. */
  readonly pkgInfo: SourceFacts | null;
}

export type ProjectFacts =
  | { readonly ok: true; readonly facts: SourceFacts }
  | { readonly ok: false; readonly message: string };

/**
 * What a project's folder says of itself without running any of its code:
 * pyproject.toml `[project]` (PEP 621) or `[tool.poetry]`, setup.cfg, and of
 * setup.py what is written as a literal. What is computed stays null.
 */
export function factsOfProject(texts: ProjectTexts): ProjectFacts {
  const { pyproject, pkgInfo } = texts;
  const found = [
    pyproject === null ? null : ofTable(pyproject["project"], "pyproject.toml [project]", "requires-python"),
    pyproject === null ? null : ofTable(table(pyproject["tool"])?.["poetry"], "pyproject.toml [tool.poetry]", null),
    texts.setupCfg === null ? null : ofSetupCfg(texts.setupCfg, texts.setupPy),
    texts.setupPy === null ? null : ofSetupPy(texts.setupPy),
  ].filter((facts) => facts !== null);
  const best = found[0] ?? pkgInfo;
  if (best === null || best === undefined) {
    return pyproject === null && texts.setupCfg === null && texts.setupPy === null
      ? { ok: false, message: "has no pyproject.toml, setup.cfg or setup.py: it is not a Python project" }
      : { ok: false, message: "does not say its name; write name under [project] in pyproject.toml" };
  }
  // An unpacked sdist states what its pyproject.toml leaves to the build.
  const stated = pkgInfo?.name === best.name ? pkgInfo : null;
  const version = best.version ?? stated?.version ?? null;
  const requiresDist = best.requiresDist ?? stated?.requiresDist ?? null;
  return { ok: true, facts: { ...best, version, requiresDist } };
}

function ofTable(value: unknown, factsFrom: string, requiresKey: string | null): SourceFacts | null {
  const fields = table(value);
  const name = string(fields?.["name"]);
  if (fields === null || name === null) return null;
  const requiresPython = requiresKey === null ? null : string(fields[requiresKey]);
  // Poetry's placeholder for a version that a plugin fills in is "0.0.0" or "0".
  const version = string(fields["version"]);
  const dynamic = requiresKey === null && /^0(\.0)*$/.test(version ?? "");
  const requiresDist = requiresKey === null ? null : dependenciesOf(fields);
  return { name, version: dynamic ? null : version, requiresPython, requiresDist, factsFrom };
}

/** PEP 621: a field that is neither there nor in `dynamic` is empty. */
function dependenciesOf(project: Readonly<Record<string, unknown>>): readonly string[] | null {
  const { dependencies, dynamic } = project;
  if (dependencies === undefined) return Array.isArray(dynamic) && dynamic.includes("dependencies") ? null : [];
  if (!Array.isArray(dependencies)) return null;
  return dependencies.every((each) => typeof each === "string") ? dependencies : null;
}

function ofSetupCfg(text: string, setupPy: string | null): SourceFacts | null {
  const metadata = iniSection(text, "metadata");
  const name = metadata.get("name");
  if (name === undefined || name === "") return null;
  const version = metadata.get("version") ?? "";
  const computed = version === "" || /^(attr|file)\s*:/.test(version);
  return {
    name,
    version: computed ? null : version,
    requiresPython: iniSection(text, "options").get("python_requires") || null,
    requiresDist: installRequires(text, setupPy),
    factsFrom: "setup.cfg",
  };
}

/** `install_requires` of setup.cfg, else that of setup.py, which setuptools then takes. */
function installRequires(setupCfg: string, setupPy: string | null): readonly string[] | null {
  const written = iniLines(setupCfg, "options", "install_requires");
  if (written !== null) return written.some((each) => /^file\s*:/.test(each)) ? null : written;
  const call = setupPy === null ? null : readSetupCall(setupPy);
  return call === null ? [] : requirementsOf(call);
}

function requirementsOf({ named, open }: PythonCall): readonly string[] | null {
  const value = named.get("install_requires");
  if (value === undefined) return open ? null : [];
  return value.kind === "text" ? value.value.split("\n").filter((each) => each.trim() !== "") : textsOf(value);
}

/** Of the call of setup() what is written as a literal; the rest cannot be known without running it. */
function ofSetupPy(text: string): SourceFacts | null {
  const call = readSetupCall(text);
  if (call === null) return null;
  const literal = (key: string): string | null => {
    const value = call.named.get(key);
    return value?.kind === "text" && value.value !== "" ? value.value : null;
  };
  const name = literal("name");
  if (name === null) return null;
  return {
    name,
    version: literal("version"),
    requiresPython: literal("python_requires"),
    requiresDist: requirementsOf(call),
    factsFrom: "setup.py",
  };
}

function table(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

function string(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
