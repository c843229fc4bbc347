import { isSpecifierSet } from "../known/admits.ts";

/** What is wrong with a requirement, and what to write instead. */
export interface RequirementMistake {
  readonly message: string;
  readonly suggestion: string;
}

const NAME = String.raw`[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?`;
const REQUIREMENT = new RegExp(`^(${NAME})\\s*(?:\\[([^\\]]*)\\])?\\s*(.*)$`);
const ONE_NAME = new RegExp(`^${NAME}$`);

export function isExtraName(text: string): boolean {
  return ONE_NAME.test(text);
}

/**
 * Checks the outer form of a requirement by PEP 508: name, extras, and either a
 * version specifier (PEP 440) or `@` and a URL, then a marker. What a marker
 * says is left to the installer. A text that begins with `-` would be an option
 * of the installer, so a name has to come first. Null when nothing is wrong.
 */
export function requirementMistake(text: string): RequirementMistake | null {
  const wrong = (message: string, suggestion = "") => ({ message, suggestion });
  if (text.startsWith("-")) {
    return wrong("is an option of pip, not a requirement", "list the requirements themselves, such as pytest>=8");
  }
  const match = REQUIREMENT.exec(text.trim());
  if (!match) return wrong("does not begin with the name of a project", "write it like pytest>=8");
  const [, name = "", extras, rest = ""] = match;
  if (extras !== undefined && !extras.split(",").every((extra) => ONE_NAME.test(extra.trim()))) {
    return wrong("has extras that are not names", `write ${name}[extra1,extra2]`);
  }
  const [before, marker] = splitMarker(rest);
  if (marker !== undefined && marker.trim() === "") {
    return wrong("ends with ; and no marker", 'write it like tomli; python_version < "3.11"');
  }
  if (before.startsWith("@")) {
    return /^@\s*[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(before)
      ? null
      : wrong("has no URL after @", `write ${name} @ https://…`);
  }
  const specifier = before.replace(/^\((.*)\)$/, "$1").trim();
  if (specifier === "" || (isSpecifierSet(specifier) && /^[~=!<>]/.test(specifier))) return null;
  const version = /^=?\s*(v?\d[\w.+!-]*)$/.exec(specifier)?.[1];
  return wrong(
    "has no valid version specifier (PEP 440)",
    `write it like ${name}${version === undefined ? ">=1.0" : `==${version}`}`,
  );
}

/** A URL may hold `;`, so there the marker needs a space before it, as PEP 508 says. */
function splitMarker(rest: string): [before: string, marker?: string] {
  const at = rest.startsWith("@") ? rest.search(/\s;/) : rest.indexOf(";");
  if (at < 0) return [rest.trim()];
  return [rest.slice(0, at).trim(), rest.slice(rest.indexOf(";", at) + 1)];
}
