import type { SourceFacts } from "./facts.ts";

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
    texts.setupCfg === null ? null : ofSetupCfg(texts.setupCfg),
    texts.setupPy === null ? null : ofSetupPy(texts.setupPy),
  ].filter((facts) => facts !== null);
  const best = found[0] ?? pkgInfo;
  if (best === null || best === undefined) {
    return pyproject === null && texts.setupCfg === null && texts.setupPy === null
      ? { ok: false, message: "has no pyproject.toml, setup.cfg or setup.py: it is not a Python project" }
      : { ok: false, message: "does not say its name; write name under [project] in pyproject.toml" };
  }
  // An unpacked sdist states what its pyproject.toml leaves to the build.
  const version = best.version ?? (pkgInfo?.name === best.name ? pkgInfo.version : null);
  return { ok: true, facts: { ...best, version } };
}

function ofTable(value: unknown, factsFrom: string, requiresKey: string | null): SourceFacts | null {
  const fields = table(value);
  const name = string(fields?.["name"]);
  if (fields === null || name === null) return null;
  const requiresPython = requiresKey === null ? null : string(fields[requiresKey]);
  // Poetry's placeholder for a version that a plugin fills in is "0.0.0" or "0".
  const version = string(fields["version"]);
  const dynamic = requiresKey === null && /^0(\.0)*$/.test(version ?? "");
  return { name, version: dynamic ? null : version, requiresPython, factsFrom };
}

function ofSetupCfg(text: string): SourceFacts | null {
  const metadata = iniSection(text, "metadata");
  const name = metadata.get("name");
  if (name === undefined || name === "") return null;
  const version = metadata.get("version") ?? "";
  const computed = version === "" || /^(attr|file)\s*:/.test(version);
  return {
    name,
    version: computed ? null : version,
    requiresPython: iniSection(text, "options").get("python_requires") || null,
    factsFrom: "setup.cfg",
  };
}

function ofSetupPy(text: string): SourceFacts | null {
  // Only inside the call of setup(), and only literals; the rest cannot be known without running it.
  const call = /\bsetup\s*\(([^]*)\)/.exec(text)?.[1] ?? "";
  const literal = (key: string): string | null => {
    const match = new RegExp(`\\b${key}\\s*=\\s*(["'])((?:(?!\\1)[^\\\\\\n])*)\\1\\s*[,)\\n]`).exec(`${call}\n`);
    return match?.[2] || null;
  };
  const name = literal("name");
  if (name === null) return null;
  return { name, version: literal("version"), requiresPython: literal("python_requires"), factsFrom: "setup.py" };
}

/** Keys of one section of an INI file, with the dashes that setuptools takes for underscores. */
function iniSection(text: string, wanted: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let section = "";
  for (const line of text.split(/\r?\n/)) {
    const header = /^\[([^\]]+)\]\s*$/.exec(line);
    if (header?.[1] !== undefined) section = header[1].trim();
    const pair = /^([A-Za-z0-9_-]+)\s*[=:]\s*(.*)$/.exec(line);
    if (section !== wanted || pair?.[1] === undefined) continue;
    values.set(pair[1].toLowerCase().replaceAll("-", "_"), (pair[2] ?? "").replace(/\s+[#;].*$/, "").trim());
  }
  return values;
}

function table(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

function string(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
