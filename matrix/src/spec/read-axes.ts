import { admits } from "../known/admits.ts";
import { KNOWN_PYTHONS, KNOWN_RANGE, knownPython } from "../known/pythons.ts";
import { isAxisValue, readAxisValue, shapeOf } from "./axis-value.ts";
import { listOf, readList, wrongType, type Field, type SectionFields } from "./fields.ts";
import type { ProblemList } from "./problem-list.ts";
import { quote } from "./quote.ts";
import { readOwnAxes } from "./read-own-axes.ts";
import { readSpecifier } from "./read-specifier.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import type { KnownAxis, PythonAxis, SpecAxes, TorchAxis } from "./spec.ts";

const OS_SHAPE = "available, or [linux-x86_64, ubuntu-22.04, macos-14]";
const PYTHON_SHAPE = 'available, or ["3.10", "3.12"], or ">=3.9"';
const TORCH_SHAPE = '["2.1", "2.2.0", latest], or ">=2.1,<2.4"';

export function readAxes(fields: SectionFields<"matrix">, problems: ProblemList): SpecAxes {
  const { os, python, torch, cuda, gpu, driver, axes } = fields;
  return {
    os: os ? readOs(os, problems) : "available",
    python: python ? readPython(python, problems) : { kind: "available" },
    torch: torch ? readTorch(torch, problems) : null,
    cuda: cuda ? readValues("cuda", cuda, shapeOf("cuda"), problems) : null,
    gpu: gpu ? readValues("gpu", gpu, shapeOf("gpu"), problems) : null,
    driver: driver ? readValues("driver", driver, shapeOf("driver"), problems) : null,
    own: readOwnAxes(axes, problems),
  };
}

function readOs(field: Field, problems: ProblemList): SpecAxes["os"] {
  const { value } = field;
  if (value.type === "string" && value.text === "available") return "available";
  return readValues("os", field, OS_SHAPE, problems);
}

/** A list of values, at least one. A single value is told how to become a list. */
function readValues(axis: KnownAxis, field: Field, shape: string, problems: ProblemList): readonly string[] {
  const { value, path } = field;
  if (value.type !== "list") {
    const single = value.type !== "map" && isAxisValue(axis, value.text) ? listOf(value) : null;
    wrongType(value, path, single === null ? shape : `a list: ${single}`, problems);
    return [];
  }
  if (value.items.length === 0) problems.add(value.at, path, `${path} is an empty list`, `write ${shape}`);
  const rules = { shape, itemsMax: SPEC_LIMITS.axisValuesMax };
  return readList(field, rules, (text, at, itemPath) => readAxisValue(axis, text, at, itemPath, problems), problems);
}

function readPython(field: Field, problems: ProblemList): PythonAxis {
  const { value, path } = field;
  if (value.type === "string" && value.text === "available") return { kind: "available" };
  if (value.type !== "string" || value.text.trim() === "" || knownPython(value.text.trim())) {
    return { kind: "versions", versions: readValues("python", field, PYTHON_SHAPE, problems) };
  }
  const specifier = value.text.trim();
  const isGood = readSpecifier(specifier, value.at, path, suggestSpecifier(specifier), problems);
  if (isGood && !KNOWN_PYTHONS.some(({ feature }) => admits(specifier, feature))) {
    problems.add(value.at, path, `${quote(specifier)} admits no Python that Kiln knows`, `Kiln knows ${KNOWN_RANGE}`);
  }
  return { kind: "specifier", specifier };
}

function suggestSpecifier(text: string): string {
  const atLeast = /^(?:=>|≥|>=?|\^)?\s*(3\.\d{1,2})(?:\.\*)?\+?$/.exec(text)?.[1];
  return atLeast === undefined ? `write ${PYTHON_SHAPE}` : `write ">=${atLeast}"`;
}

function readTorch(field: Field, problems: ProblemList): TorchAxis {
  const { value, path } = field;
  if (value.type !== "string" || value.text.trim() === "" || isAxisValue("torch", value.text.trim())) {
    return { kind: "versions", versions: readValues("torch", field, TORCH_SHAPE, problems) };
  }
  const specifier = value.text.trim();
  readSpecifier(specifier, value.at, path, `write ${TORCH_SHAPE}`, problems);
  return { kind: "specifier", specifier };
}
