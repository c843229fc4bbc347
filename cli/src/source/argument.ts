import { usageError } from "../program/cli-error.ts";

/** What `submit` and `plan` were given, by its form alone; a path may yet turn out to be missing. */
export type SourceArgument =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "release"; readonly name: string; readonly version: string };

const PREFIX = "pypi:";
/** PEP 508. */
const NAME = /^([A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])$/i;

/**
 * Reads `DIRECTORY`, `FILE` or `pypi:NAME==VERSION`. Only an exact version
 * names one sdist, so every other form of requirement is refused with what to write.
 */
export function parseSourceArgument(text: string): SourceArgument {
  if (!text.toLowerCase().startsWith(PREFIX)) return { kind: "path", path: text };
  const requirement = text.slice(PREFIX.length).trim();
  const match = /^([^=<>!~;@[\]\s]+)\s*(\[[^\]]*\])?\s*(.*)$/.exec(requirement);
  const name = match?.[1] ?? "";
  if (match === null || !NAME.test(name)) {
    throw usageError(`${JSON.stringify(text)} names no project.`, `Write ${PREFIX}NAME==VERSION.`);
  }
  const write = `Write ${PREFIX}${name}==VERSION, with the one version to test.`;
  if (match[2] !== undefined) {
    throw usageError(
      `${JSON.stringify(text)} has extras, which belong into kiln.yaml.`,
      `Write ${PREFIX}${name}${match[3] ?? ""}, and test: { extras: ${match[2]} } in kiln.yaml.`,
    );
  }
  const rest = match[3] ?? "";
  const exact = /^==\s*([^=\s,;]+)$/.exec(rest);
  if (exact?.[1] === undefined) {
    const problem =
      rest === "" ? "names no version" : `asks for ${JSON.stringify(rest)}, which is not one exact version`;
    throw usageError(`${JSON.stringify(text)} ${problem}.`, write);
  }
  if (exact[1].includes("*")) {
    throw usageError(`${JSON.stringify(text)} matches many versions.`, write);
  }
  return { kind: "release", name, version: exact[1] };
}

/** PEP 503: the form in which project names are compared. */
export function normalName(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}
