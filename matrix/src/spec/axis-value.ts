import { cudaValue } from "../known/cuda-value.ts";
import { gpuValue } from "../known/gpu-value.ts";
import { osTarget, suggestOs } from "../known/os-target.ts";
import { knownPython } from "../known/pythons.ts";
import type { ProblemList } from "./problem-list.ts";
import { quote } from "./quote.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import { suggestPython } from "./suggest-python.ts";
import type { Place } from "./yaml-value.ts";

/** One axis's values: how they are read, and what to say of a text that is none. */
interface ValueKind {
  /** The value as specs hold it, or null. */
  readonly read: (text: string) => string | null;
  readonly unknown: string;
  readonly suggest: (text: string) => string;
  /** Two values, for messages: `[cpu, "12.1"]`. */
  readonly shape: string;
}

const KINDS: Readonly<Record<string, ValueKind>> = {
  os: {
    read: (text) => osTarget(text)?.name ?? null,
    unknown: "unknown platform or system",
    suggest: suggestOs,
    shape: "[linux-x86_64, ubuntu-22.04]",
  },
  python: {
    read: (text) => knownPython(text)?.feature ?? null,
    unknown: "unknown Python",
    suggest: suggestPython,
    shape: '["3.10", "3.13t"]',
  },
  torch: { read: readTorch, unknown: "no PyTorch release:", suggest: suggestTorch, shape: '["2.1", "2.2.0", latest]' },
  cuda: { read: cudaValue, unknown: "no CUDA version:", suggest: suggestCuda, shape: '[cpu, "12.1", rocm6.0]' },
  gpu: {
    read: gpuValue,
    unknown: "unknown GPU",
    suggest: () => 'write none, a model such as H100, or a compute capability such as "9.0"',
    shape: '[none, H100, "9.0"]',
  },
  driver: {
    read: (text) => (/^\d{3}(\.\d{1,3}(\.\d{1,3})?)?$/.test(text) ? text : null),
    unknown: "no NVIDIA driver version:",
    suggest: suggestDriver,
    shape: '["535.104.05", "550"]',
  },
};

const OWN: ValueKind = {
  read: (text) => (/^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(text) ? text : null),
  unknown: "cannot be a value of an axis:",
  suggest: (text) => {
    const meant = text.replace(/[^A-Za-z0-9._+-]+/g, "-").replace(/^[^A-Za-z0-9]+|-+$/g, "");
    return meant === "" ? "values are letters, digits and . _ + -" : `write ${meant}: letters, digits and . _ + -`;
  },
  shape: "[eager, compiled]",
};

function kindOf(axis: string): ValueKind {
  return Object.hasOwn(KINDS, axis) ? (KINDS[axis] ?? OWN) : OWN;
}

/** Two values of an axis, for messages. */
export function shapeOf(axis: string): string {
  return kindOf(axis).shape;
}

/** A value of an axis as specs hold it: "cu121" of cuda → "12.1"; null after saying what is wrong with it. */
export function readAxisValue(
  axis: string,
  text: string,
  at: Place,
  path: string,
  problems: ProblemList,
): string | null {
  const { read, unknown, suggest } = kindOf(axis);
  if (text.length > SPEC_LIMITS.axisValueCharsMax) {
    const message = `${path} has ${text.length} characters; the limit is ${SPEC_LIMITS.axisValueCharsMax}`;
    problems.add(at, path, message, `values look like those of ${shapeOf(axis)}`);
    return null;
  }
  const value = read(text);
  if (value === null && !problems.has(at)) problems.add(at, path, `${unknown} ${quote(text)}`, suggest(text));
  return value;
}

/** Whether a text is a value of an axis. */
export function isAxisValue(axis: string, text: string): boolean {
  return text.length <= SPEC_LIMITS.axisValueCharsMax && kindOf(axis).read(text) !== null;
}

/** Which release a feature version or `latest` means is for the plan to say: the data may grow. */
function readTorch(text: string): string | null {
  const word = text.toLowerCase();
  if (/^latest(-[1-9]\d{0,2})?$/.test(word)) return word;
  const feature = /^v?(\d{1,3}\.\d{1,3})(\.\*)?$/.exec(word)?.[1];
  if (feature !== undefined) return feature;
  return /^v?\d{1,3}\.\d{1,3}\.\d{1,3}((a|b|rc|\.dev|\.post)\d{1,8})?$/.test(word) ? word.replace(/^v/, "") : null;
}

function suggestTorch(text: string): string {
  const local = /^v?(\d[\d.]*)\+/.exec(text)?.[1];
  if (local !== undefined) return `write "${local}": which CUDA it is for is the axis cuda`;
  if (/[<>~!]/.test(text)) return `a specifier stands alone: torch: ${quote(text)}`;
  const version = /^(?:py)?torch[-= ]*(\d{1,3}\.\d{1,3}(?:\.\d{1,3})?)$/i.exec(text)?.[1];
  if (version !== undefined) return `write "${version}"`;
  if (/^\d{1,3}$/.test(text)) return `write it with its minor version: "${text}.1"`;
  if (/^(latest-0|newest|stable|current)$/i.test(text)) return "write latest";
  return "write a release such as 2.1.2, a feature version such as 2.1, latest, or latest-1";
}

function suggestCuda(text: string): string {
  if (/^(cuda[- ]?)?\d{1,2}$/i.test(text)) {
    return `write it with its minor version: "${/\d+/.exec(text)?.[0] ?? ""}.1"`;
  }
  if (/[<>~!=]/.test(text)) return 'name the versions: [cpu, "11.8", "12.1"]';
  return 'write cpu, a CUDA version such as "12.1", or rocm6.0';
}

function suggestDriver(text: string): string {
  const version = /(\d{3}(\.\d{1,3}(\.\d{1,3})?)?)/.exec(text)?.[1];
  return version === undefined ? 'write a version such as "535.104.05", or a branch: "535"' : `write "${version}"`;
}
