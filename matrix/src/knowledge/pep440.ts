import { valid, validRange as validClauses } from "@renovatebot/pep440";

/** Whether a text is a version of PEP 440, with no space around it. */
export function validVersion(text: string): boolean {
  return /^\S{1,100}$/.test(text) && valid(text) !== null;
}

/**
 * Whether a text is a specifier set of PEP 440; the empty one admits everything.
 * Metadata in the wild has empty clauses, ">=2.1,": the reference implementation passes over them.
 */
export function validRange(specifiers: string): boolean {
  const clauses = specifiers.split(",").filter((clause) => clause.trim() !== "");
  return clauses.every((clause) => /^\s*[=!<>~]/.test(clause) && validClauses(clause.trim()));
}
