import { admits, isSpecifierSet } from "../known/admits.ts";
import { KNOWN_PLATFORMS, isKnownPlatform } from "../known/platforms.ts";
import { KNOWN_PYTHONS, KNOWN_RANGE, knownPython } from "../known/pythons.ts";
import { suggestWord } from "./did-you-mean.ts";
import { readList, wrongType, type Field, type Fields } from "./fields.ts";
import type { ProblemList } from "./problem-list.ts";
import { quote } from "./quote.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import type { PythonAxis, SpecAxes } from "./spec.ts";

const OS_SHAPE = `available, or [${KNOWN_PLATFORMS[0]}, ${KNOWN_PLATFORMS[2]}]`;
const PYTHON_SHAPE = 'available, or ["3.10", "3.12"], or ">=3.9"';
const FEATURES = KNOWN_PYTHONS.map((python) => python.feature);

export function readMatrix(fields: Fields<"os" | "python">, problems: ProblemList): SpecAxes {
  return {
    os: fields.os ? readOs(fields.os, problems) : "available",
    python: fields.python ? readPython(fields.python, problems) : { kind: "available" },
  };
}

function readOs(field: Field, problems: ProblemList): SpecAxes["os"] {
  const { value, path } = field;
  if (value.type === "string" && value.text === "available") return "available";
  if (value.type === "string" && isKnownPlatform(value.text)) {
    problems.add(value.at, path, `${path} must be a list`, `write [${value.text}]`);
    return "available";
  }
  if (value.type !== "list") {
    wrongType(value, path, OS_SHAPE, problems);
    return "available";
  }
  if (value.items.length === 0) problems.add(value.at, path, `${path} is an empty list`, `write ${OS_SHAPE}`);
  return readList(
    field,
    OS_SHAPE,
    (text, at, itemPath) => {
      if (isKnownPlatform(text)) return text;
      problems.add(at, itemPath, `unknown platform ${quote(text)}`, suggestWord(text, KNOWN_PLATFORMS));
      return null;
    },
    problems,
  );
}

function readPython(field: Field, problems: ProblemList): PythonAxis {
  const { value, path } = field;
  if (value.type === "list") {
    if (value.items.length === 0) problems.add(value.at, path, `${path} is an empty list`, `write ${PYTHON_SHAPE}`);
    const versions = readList(
      field,
      PYTHON_SHAPE,
      (text, at, itemPath) => {
        if (knownPython(text)) return text;
        problems.add(at, itemPath, `unknown Python ${quote(text)}`, suggestPython(text));
        return null;
      },
      problems,
    );
    return { kind: "versions", versions };
  }
  if (value.type === "string" && value.text === "available") return { kind: "available" };
  if (value.type === "string" && value.text.trim() !== "") return readSpecifier(value.text.trim(), field, problems);
  wrongType(value, path, value.type === "number" ? `a list: ["${value.text}"]` : PYTHON_SHAPE, problems);
  return { kind: "available" };
}

function readSpecifier(specifier: string, { value, path }: Field, problems: ProblemList): PythonAxis {
  if (specifier.length > SPEC_LIMITS.versionCharsMax) {
    problems.add(
      value.at,
      path,
      `${path} has ${specifier.length} characters; the limit is ${SPEC_LIMITS.versionCharsMax}`,
    );
  } else if (!isSpecifierSet(specifier)) {
    const message = `${quote(specifier)} is no version specifier (PEP 440)`;
    problems.add(value.at, path, message, suggestSpecifier(specifier));
  } else if (!FEATURES.some((feature) => admits(specifier, feature))) {
    problems.add(value.at, path, `${quote(specifier)} admits no Python that Kiln knows`, `Kiln knows ${KNOWN_RANGE}`);
  }
  return { kind: "specifier", specifier };
}

function suggestSpecifier(text: string): string {
  if (knownPython(text)) return `write a list: ["${text}"]`;
  const atLeast = /^(?:=>|≥|>=?|\^)?\s*(3\.\d{1,2})(?:\.\*)?\+?$/.exec(text)?.[1];
  return atLeast === undefined ? `write ${PYTHON_SHAPE}` : `write ">=${atLeast}"`;
}

function suggestPython(text: string): string {
  const match = /^(?:(?:cp|python|py)[-@ ]?)?(\d)[.]?(\d{1,2})(?:\.\S*)?$/i.exec(text.replace(/[-_]?(t|nogil)$/i, ""));
  const plain = match ? `${match[1]}.${match[2]}` : "";
  const meant = /[-_]?(t|nogil)$/i.test(text) ? `${plain}t` : plain;
  if (knownPython(meant))
    return `write "${meant}"${/^\d\.\d+\.\d/.test(text) ? ": Kiln plans by feature version" : ""}`;
  if (text === "3.1") return 'did you mean "3.10"?';
  const threaded = FEATURES.filter((feature) => feature.endsWith("t")).join(", ");
  return `Kiln knows ${KNOWN_RANGE}, free-threaded ${threaded}`;
}
