import type { AxisNames } from "./axis-names.ts";
import { readChoice, readList, readSection, wrongType, type Field, type SectionFields } from "./fields.ts";
import { readJobName, refuseSameNames } from "./job-parts.ts";
import type { ProblemList } from "./problem-list.ts";
import { readCondition } from "./read-condition.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import type { WheelSpec } from "./spec.ts";
import { readAbi3Python, readArch, readPolicy } from "./wheel-values.ts";
import type { YamlValue } from "./yaml-value.ts";

const ENTRY = "{name: cuda, kind: native, cuda: linked}";

/**
 * The wheels that the project makes. Without a word of the spec, one native wheel,
 * linked to what the matrix has an axis of; `build.wheel` names another kind of
 * one, `build.wheels` lists several.
 */
export function readWheels(
  wheel: Field | undefined,
  wheels: Field | undefined,
  names: AxisNames,
  problems: ProblemList,
): readonly WheelSpec[] {
  const linked = linkedAxes(names);
  const single: WheelSpec = { ...NATIVE, ...linked };
  if (wheel && wheels) {
    const later = wheel.keyAt.line > wheels.keyAt.line ? wheel : wheels;
    const message = "build.wheel is the short form of build.wheels; a spec has one of them";
    problems.add(later.keyAt, later.path, message, "keep one of the two");
  }
  if (wheels && wheels.value.type !== "null") return readListed(wheels, names, linked, problems);
  return [wheel && readShort(wheel, problems) === "pure" ? { ...single, ...PURE } : single];
}

type Linked = Pick<WheelSpec, "torch" | "cuda">;

const NATIVE: WheelSpec = {
  name: "",
  when: null,
  kind: { kind: "native" },
  torch: "none",
  cuda: "none",
  archList: [],
  policy: null,
  localVersion: "auto",
};

const PURE = { kind: { kind: "pure" }, torch: "none", cuda: "none" } as const;

function linkedAxes({ all }: AxisNames): Linked {
  return { torch: all.has("torch") ? "linked" : "none", cuda: all.has("cuda") ? "linked" : "none" };
}

function readShort(field: Field, problems: ProblemList): "native" | "pure" {
  const { path, value } = field;
  if (value.type === "string" && value.text === "abi3") {
    const suggestion = 'write wheels: [{kind: abi3, python: "3.9"}]';
    problems.add(value.at, path, "a wheel for the stable ABI has to say the oldest Python", suggestion);
    return "native";
  }
  return readChoice(field, ["native", "pure"], problems);
}

function readListed(field: Field, names: AxisNames, linked: Linked, problems: ProblemList): readonly WheelSpec[] {
  const { value, path } = field;
  const refuse = (message: string, suggestion: string) => {
    problems.add(value.at, path, message, suggestion);
    return [];
  };
  if (value.type !== "list") {
    wrongType(value, path, `a list of mappings: [${ENTRY}]`, problems);
    return [];
  }
  const { items } = value;
  if (items.length === 0) return refuse(`${path} is an empty list`, `write [${ENTRY}], or leave it out`);
  if (items.length > SPEC_LIMITS.wheelsMax) {
    return refuse(`${path} has ${items.length} entries; the limit is ${SPEC_LIMITS.wheelsMax}`, "write fewer");
  }
  const named: { name: string; field: Field }[] = [];
  const read = items.map((item, index) => {
    const itemPath = `${path}[${index}]`;
    if (item.type === "null") wrongType(item, itemPath, ENTRY, problems);
    const fields = readSection("build.wheels[]", item, problems, itemPath);
    refuseUnreachable(item, itemPath, fields, index === items.length - 1, problems);
    const name = readName(item, itemPath, fields.name, items.length, problems);
    if (fields.name && name !== "") named.push({ name, field: fields.name });
    return { name, ...readWheel(item, itemPath, fields, names, linked, problems) };
  });
  refuseSameNames(named, problems);
  return read;
}

/** A cell gets the first wheel whose `when` holds: every cell has to get one, and every wheel has to be reachable. */
function refuseUnreachable(
  item: YamlValue,
  path: string,
  { when }: SectionFields<"build.wheels[]">,
  isLast: boolean,
  problems: ProblemList,
): void {
  if (isLast && when) {
    const message = "the last wheel is for every cell that no other is for, so it has no when";
    problems.add(when.keyAt, when.path, message, "leave it out, or add a wheel without one");
  } else if (!isLast && !when && item.type === "map") {
    const message = `${path} has no when, so no cell gets a wheel that is listed after it`;
    problems.add(item.at, path, message, "add one, such as when: {cuda: [cpu]}, or list it last");
  }
}

function readName(
  item: YamlValue,
  path: string,
  field: Field | undefined,
  wheels: number,
  problems: ProblemList,
): string {
  if (field) return readJobName(field, problems) ?? "";
  if (wheels > 1 && item.type === "map") {
    problems.add(item.at, path, `${path} has no name, and there are several wheels`, `write ${ENTRY}`);
  }
  return "";
}

function readWheel(
  item: YamlValue,
  path: string,
  fields: SectionFields<"build.wheels[]">,
  names: AxisNames,
  linked: Linked,
  problems: ProblemList,
): Omit<WheelSpec, "name"> {
  const kind = readChoice(fields.kind, ["native", "abi3", "pure"], problems);
  const common = {
    when: readCondition(fields.when, names.all, problems),
    localVersion: readChoice(fields["local-version"], ["auto", "none"], problems),
    policy: readPolicy(fields.policy, problems),
  };
  const torch = fields.torch ? readChoice(fields.torch, ["linked", "stable", "none"], problems) : linked.torch;
  const cuda = fields.cuda ? readChoice(fields.cuda, ["linked", "none"], problems) : linked.cuda;
  const archList = readArchList(fields["arch-list"], cuda, problems);
  const python = fields.python ? readAbi3Python(fields.python, problems) : null;
  if (fields.python && kind !== "abi3") {
    const message = `python is for kind: abi3; a ${kind} wheel serves ${kind === "pure" ? "all" : "its own"}`;
    problems.add(fields.python.keyAt, fields.python.path, message, "leave it out, or write kind: abi3");
  }
  if (kind === "abi3" && !fields.python) {
    const message = `${path} does not say the oldest Python that its stable ABI serves`;
    problems.add(fields.kind?.value.at ?? item.at, path, message, 'add python: "3.9"');
  }
  if (kind === "pure") {
    refuseNative(fields, problems);
    return { ...common, ...PURE, archList: [] };
  }
  refuseUnlinked(fields, linked, problems);
  return { ...common, kind: kind === "abi3" ? { kind, python: python ?? "" } : { kind }, torch, cuda, archList };
}

/** What only a wheel with compiled code can have. */
function refuseNative(fields: SectionFields<"build.wheels[]">, problems: ProblemList): void {
  for (const key of ["torch", "cuda", "arch-list", "policy"] as const) {
    const field = fields[key];
    if (!field || (field.value.type === "string" && field.value.text === "none")) continue;
    const message = `a pure wheel holds no compiled code, so it has no ${key}`;
    problems.add(field.keyAt, field.path, message, "leave it out, or write kind: native");
  }
}

/** A wheel is linked to what its cell has, so the matrix has to say which. */
function refuseUnlinked(fields: SectionFields<"build.wheels[]">, linked: Linked, problems: ProblemList): void {
  for (const key of ["torch", "cuda"] as const) {
    const field = fields[key];
    if (linked[key] === "linked" || field?.value.type !== "string" || field.value.text !== "linked") continue;
    const message = `no cell has a ${key} that the wheel could be linked to`;
    problems.add(field.value.at, field.path, message, `add ${key}: to the matrix, or leave it out here`);
  }
}

function readArchList(field: Field | undefined, cuda: WheelSpec["cuda"], problems: ProblemList): readonly string[] {
  if (!field) return [];
  if (cuda === "none") {
    const message = "arch-list is for wheels that are linked to CUDA";
    problems.add(field.keyAt, field.path, message, "leave it out, or write cuda: linked and a matrix with cuda");
  }
  const rules = { shape: '["8.0", "9.0+PTX"]', itemsMax: SPEC_LIMITS.archListMax };
  return readList(field, rules, (text, at, path) => readArch(text, at, path, problems), problems);
}
