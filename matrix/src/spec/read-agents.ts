import { isLabelKey, isLabelValue } from "../require/labels.ts";
import { readSection, readText, wrongType, type Field } from "./fields.ts";
import type { ProblemList } from "./problem-list.ts";
import { quote, shorten } from "./quote.ts";
import { readCount } from "./read-count.ts";
import { parseSizeBytes, suggestSize } from "./size.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import type { AgentsSpec } from "./spec.ts";
import type { YamlValue } from "./yaml-value.ts";

const SHAPE = "{rack: a3} or [rack=a3, nvlink]";
const NAMES = "keys are lower-case letters, digits, - _ and ., 63 at most; values are without spaces and commas";
const GPUS = { min: 1, max: SPEC_LIMITS.gpusMax, missing: 1, example: 2 };

/**
 * What a kind of job asks of agents; null when that is nothing. `gpus`: whether
 * such jobs can need a GPU, so that its number and memory mean something.
 */
export function readAgents(field: Field | undefined, gpus: "gpu" | "no-gpu", problems: ProblemList): AgentsSpec | null {
  const fields = readSection("*.agents", field?.value, problems, field?.path);
  const { labels: labelled, gpus: count, "gpu-memory": memory } = fields;
  if (gpus === "no-gpu") {
    for (const idle of [count, memory]) {
      if (!idle) continue;
      const message = `${idle.path} is for jobs that need a GPU, and these do not`;
      problems.add(idle.keyAt, idle.path, message, "take it out, or write it under test, bench or profile");
    }
  }
  const labels = readLabels(labelled, problems);
  const asked = { labels, gpus: readCount(count, GPUS, problems), gpuMemoryBytes: readMemory(memory, problems) };
  const isNothing = Object.keys(labels).length === 0 && asked.gpus === 1 && asked.gpuMemoryBytes === null;
  return isNothing ? null : asked;
}

/** A mapping, as agents are labelled, or a list, as runners of other systems are asked for: `[nvlink, rack=a3]`. */
function readLabels(field: Field | undefined, problems: ProblemList): AgentsSpec["labels"] {
  if (!field || field.value.type === "null") return {};
  const { value, path } = field;
  if (value.type !== "map" && value.type !== "list") {
    wrongType(value, path, SHAPE, problems);
    return {};
  }
  const count = value.type === "map" ? value.entries.length : value.items.length;
  if (count > SPEC_LIMITS.labelsMax) {
    problems.add(value.at, path, `${path} has ${count} labels; the limit is ${SPEC_LIMITS.labelsMax}`);
    return {};
  }
  const pairs = value.type === "map" ? mappedLabels(value, path, problems) : listedLabels(value, path, problems);
  // In one order, so that equal requirements are equal texts.
  return Object.fromEntries(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

type Pair = readonly [key: string, value: string | null];

function mappedLabels(map: YamlValue & { type: "map" }, path: string, problems: ProblemList): readonly Pair[] {
  return map.entries.flatMap(({ key, keyAt, value }): Pair[] => {
    const inner = `${path}.${shorten(key)}`;
    if (!isLabelKey(key)) {
      problems.add(keyAt, inner, `${quote(key)} cannot be the key of a label`, NAMES);
      return [];
    }
    if (value.type === "null") return [[key, null]];
    const text = value.type === "string" || value.type === "number" || value.type === "boolean" ? value.text : null;
    if (text !== null && isLabelValue(text)) return [[key, text]];
    if (text === null) wrongType(value, inner, `the label's value: {${key}: a3}`, problems);
    else problems.add(value.at, inner, `${quote(text)} cannot be the value of a label`, NAMES);
    return [];
  });
}

function listedLabels(list: YamlValue & { type: "list" }, path: string, problems: ProblemList): readonly Pair[] {
  const seen = new Set<string>();
  return list.items.flatMap((item, index): Pair[] => {
    const inner = `${path}[${index}]`;
    if (item.type !== "string" && item.type !== "number") {
      wrongType(item, inner, "nvlink or rack=a3", problems);
      return [];
    }
    const [, key = "", value] = /^([^=]*)(?:=(.*))?$/s.exec(item.text.trim()) ?? [];
    if (!isLabelKey(key) || !isLabelValue(value ?? "")) {
      problems.add(item.at, inner, `${quote(item.text)} is no label`, `write nvlink or rack=a3: ${NAMES}`);
      return [];
    }
    if (seen.has(key)) {
      problems.add(item.at, inner, `the label ${quote(key)} is listed twice in ${path}`, "keep one of the two");
      return [];
    }
    seen.add(key);
    return [[key, value ?? null]];
  });
}

function readMemory(field: Field | undefined, problems: ProblemList): number | null {
  if (!field) return null;
  const shape = "a size: 40GiB";
  const text = readText(field, shape, problems);
  if (text === null) return null;
  const bytes = parseSizeBytes(text);
  if (bytes !== null && bytes > 0) return bytes;
  problems.add(field.value.at, field.path, `${quote(text)} is no size`, `write ${suggestSize(text) ?? shape}`);
  return null;
}
