import { satisfies, validRange } from "@renovatebot/pep440";
import type { Evidence } from "../verdict.ts";
import { WHEEL } from "./case-facts.ts";
import type { MetadataFact } from "./gate-facts.ts";
import { decide, rule, statement } from "./rule.ts";

const METADATA: MetadataFact = {
  ...WHEEL,
  requiresPython: ">=3.11",
  classifiers: ["Programming Language :: Python :: 3.11", "Programming Language :: Python :: 3.12"],
  licenseExpression: "Apache-2.0",
  readmeRenders: true,
  problems: [],
};

const MINOR = /^Programming Language :: Python :: (?<minor>3\.\d+)$/u;

/**
 * G09: metadata is valid, the README renders, licences agree (PEP 639: an
 * expression and no licence classifier, the same in all files), and
 * classifiers agree with requires-python and with the matrix.
 */
export const metadataValidity = rule({
  id: "G09",
  name: "metadata-validity",
  needs: ["metadata", "matrixPythons"],
  defaults: {},
  judge: ({ metadata, matrixPythons }) => {
    const specifiers = new Specifiers();
    const problems: Evidence[] = metadata.flatMap((one) =>
      problemsOf(one, matrixPythons, specifiers).map((text) => ({
        kind: "artifact" as const,
        file: one.file,
        sha256: one.sha256,
        text: `${one.file}: ${text}`,
      })),
    );
    const licences = new Set(metadata.map(({ licenseExpression }) => licenseExpression ?? "none"));
    if (licences.size > 1) problems.push(statement(`the files have different licences: ${[...licences].join(", ")}`));
    const doubts = metadata.flatMap(({ file, sha256, readmeRenders }) =>
      readmeRenders === null
        ? [{ kind: "artifact" as const, file, sha256, text: `${file}: its README was not rendered` }]
        : [],
    );
    if (metadata.length === 0)
      doubts.push({ kind: "artifact", file: "", sha256: "", text: "no file's metadata was read" });
    return decide({ problems, doubts }, `the metadata of ${metadata.length} files is valid and agrees with the matrix`);
  },
  cases: {
    pass: { facts: { metadata: [METADATA], matrixPythons: ["3.11", "3.12"] }, options: {} },
    fail: { facts: { metadata: [METADATA], matrixPythons: ["3.10", "3.12"] }, options: {} },
    cannotTell: { facts: { metadata: [{ ...METADATA, readmeRenders: null }], matrixPythons: ["3.12"] }, options: {} },
  },
});

/** The files of a candidate say the same of Pythons, and a specifier is slow to ask. */
class Specifiers {
  readonly #valid = new Map<string, boolean>();
  readonly #allowed = new Map<string, boolean>();

  isValid(specifier: string): boolean {
    const known = this.#valid.get(specifier) ?? validRange(specifier);
    this.#valid.set(specifier, known);
    return known;
  }

  /** Some patch release of the minor version has to be allowed: ">=3.11.4" allows 3.11. */
  allow(specifier: string, minor: string): boolean {
    const key = `${minor} ${specifier}`;
    const known = this.#allowed.get(key) ?? (satisfies(`${minor}.99`, specifier) || satisfies(`${minor}.0`, specifier));
    this.#allowed.set(key, known);
    return known;
  }
}

function problemsOf(
  { problems, readmeRenders, classifiers, licenseExpression, requiresPython }: MetadataFact,
  pythons: readonly string[],
  specifiers: Specifiers,
): readonly string[] {
  const found = [...problems];
  if (readmeRenders === false) found.push("its README does not render");
  if (licenseExpression !== null && classifiers.some((classifier) => classifier.startsWith("License ::"))) {
    found.push("it has a licence expression and a licence classifier (PEP 639 allows one)");
  }
  if (requiresPython !== null && !specifiers.isValid(requiresPython))
    return [...found, `requires-python "${requiresPython}" is no specifier (PEP 440)`];
  const allows = (minor: string): boolean => requiresPython === null || specifiers.allow(requiresPython, minor);
  const classified = classifiers.flatMap((classifier) => MINOR.exec(classifier)?.groups?.["minor"] ?? []);
  for (const minor of classified) {
    if (!allows(minor))
      found.push(`it is classified for Python ${minor}, which requires-python "${requiresPython}" excludes`);
  }
  for (const minor of pythons) {
    if (!allows(minor))
      found.push(`the matrix has Python ${minor}, which requires-python "${requiresPython}" excludes`);
    else if (classified.length > 0 && !classified.includes(minor))
      found.push(`the matrix has Python ${minor}, which no classifier names`);
  }
  return found;
}
