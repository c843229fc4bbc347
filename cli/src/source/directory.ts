import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { parse as parseToml, TomlError } from "smol-toml";
import { CliError, errorCode } from "../program/cli-error.ts";
import type { SourceFacts } from "./facts.ts";
import { factsOfPkgInfo } from "./pkg-info.ts";
import { factsOfProject } from "./project-files.ts";

const TEXT_BYTES_MAX = 4 * 1024 * 1024;

export interface DirectoryContent {
  readonly facts: SourceFacts;
  readonly spec: { readonly text: string; readonly file: string } | null;
  /** The build's way of taking the version from git's history, which is not packed; "" when there is none. */
  readonly versionFromGit: string;
}

/** Reads what a project's folder says of itself. Throws a CliError that names the file and place of a mistake. */
export async function readDirectory(dir: string): Promise<DirectoryContent> {
  const pyproject = await readPyproject(join(dir, "pyproject.toml"));
  const pkgInfo = await readSmall(join(dir, "PKG-INFO"));
  const result = factsOfProject({
    pyproject,
    setupCfg: await readSmall(join(dir, "setup.cfg")),
    setupPy: await readSmall(join(dir, "setup.py")),
    pkgInfo: pkgInfo === null ? null : factsOfPkgInfo(pkgInfo, "PKG-INFO"),
  });
  const spec = await readSmall(join(dir, "kiln.yaml"));
  if (!result.ok) {
    const advice =
      "Beside a spec alone, a pyproject.toml with name, version and requires-python under [project] will do.";
    throw new CliError(`${dir} ${result.message}.`, spec === null ? {} : { advice });
  }
  const requires = JSON.stringify(pyproject?.["build-system"] ?? "");
  const tool = /setuptools[_-]scm|hatch-vcs|versioningit|setuptools-git-versioning|pdm\.backend|versioneer/.exec(
    requires,
  );
  return {
    facts: result.facts,
    spec: spec === null ? null : { text: spec, file: "kiln.yaml" },
    versionFromGit: result.facts.version === null ? (tool?.[0] ?? "") : "",
  };
}

/** pyproject.toml, parsed; null when there is none. Throws a CliError with the place of a mistake. */
export async function readPyproject(path: string): Promise<Readonly<Record<string, unknown>> | null> {
  const text = await readSmall(path);
  if (text === null) return null;
  try {
    return parseToml(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const message = error.message.split("\n")[0]?.replace(/^Invalid TOML document: /, "") ?? "not TOML";
    throw new CliError(`${path} is not valid TOML.`, {
      problems: [{ file: path, line: error.line, column: error.column, path: "", message, suggestion: "" }],
      sourceText: text,
    });
  }
}

/** Text of a file, or null when it is not there. */
async function readSmall(path: string): Promise<string | null> {
  try {
    const { size } = await stat(path);
    if (size > TEXT_BYTES_MAX) throw new CliError(`${path} is larger than ${TEXT_BYTES_MAX / 1024 ** 2} MiB.`);
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
}
