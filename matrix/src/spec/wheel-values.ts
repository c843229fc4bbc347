import { KNOWLEDGE } from "../knowledge/knowledge.ts";
import { gpuValue } from "../known/gpu-value.ts";
import { KNOWN_PYTHONS, KNOWN_RANGE } from "../known/pythons.ts";
import { readText, type Field } from "./fields.ts";
import type { ProblemList } from "./problem-list.ts";
import { quote } from "./quote.ts";
import type { Place } from "./yaml-value.ts";

/**
 * A policy of PEP 600 for Linux, `manylinux_2_28`, or an older name of one,
 * `manylinux2014` (PEP 513, 571, 599), as PEP 600 names it.
 */
export function readPolicy(field: Field | undefined, problems: ProblemList): string | null {
  if (!field) return null;
  const { path, value } = field;
  const text = readText(field, "a policy: manylinux_2_28", problems)?.trim();
  if (text === undefined) return null;
  const policy = policyOf(text);
  if (policy !== null) return policy;
  const withoutArch = text.replace(/[-_](x86_64|aarch64|i686|ppc64le|s390x|armv7l)$/, "").replaceAll(/[-.]/g, "_");
  const meant = policyOf(withoutArch) ?? policyOf(`manylinux_${withoutArch}`);
  const known = KNOWLEDGE.policies.map(({ name }) => name).join(", ");
  const suggestion = meant === null ? `known: ${known}` : `write ${meant}; the architecture is the cell's`;
  problems.add(value.at, path, `${quote(text)} is no manylinux policy (PEP 600)`, suggestion);
  return null;
}

function policyOf(text: string): string | null {
  if (/^manylinux_2_([5-9]|[1-9]\d{1,2})$/.test(text)) return text;
  return KNOWLEDGE.policies.find(({ aliases }) => aliases.includes(text))?.name ?? null;
}

/** The oldest CPython of a wheel for the stable ABI (PEP 384): "3.9". */
export function readAbi3Python(field: Field, problems: ProblemList): string | null {
  const { path, value } = field;
  const text = readText(field, 'the oldest Python that it serves: "3.9"', problems)?.trim();
  if (text === undefined) return null;
  const wrong = (message: string, suggestion: string) => {
    problems.add(value.at, path, message, suggestion);
    return null;
  };
  if (/^3\.\d{1,2}t$/.test(text)) {
    const message = "free-threaded builds have no stable ABI that abi3 wheels could use";
    return wrong(message, `write "${text.slice(0, -1)}"; free-threaded cells get wheels of their own`);
  }
  const minor = Number(/^3\.(\d{1,2})$/.exec(text)?.[1] ?? Number.NaN);
  const newest = KNOWN_PYTHONS.at(-1)?.feature ?? "";
  const newestMinor = Number(/^3\.(\d+)/.exec(newest)?.[1]);
  if (Number.isNaN(minor) || minor < 2) {
    const meant = /^(?:cp|py)?3\.?(\d{1,2})(\D.*)?$/.exec(text)?.[1];
    return wrong(`${quote(text)} is no feature version of CPython`, `write "3.${meant ?? "9"}"`);
  }
  if (minor > newestMinor) return wrong(`no Python that Kiln knows is ${text} or newer`, `Kiln knows ${KNOWN_RANGE}`);
  return text;
}

/** One of TORCH_CUDA_ARCH_LIST: "8.0", "9.0a", "9.0+PTX"; `sm_90` becomes "9.0". */
export function readArch(text: string, at: Place, path: string, problems: ProblemList): string | null {
  const arch = archOf(text);
  if (arch !== null) return arch;
  const value = text === "none" ? null : gpuValue(text);
  const meant = value === null ? undefined : (KNOWLEDGE.gpuByName.get(value)?.computeCapability ?? value);
  const virtual = /^compute_?(\d{1,2})(\d)$/.exec(text);
  const parts = text.split(/[;,\s]+/).filter((part) => part !== "");
  const suggestion =
    parts.length > 1
      ? `list them: [${parts.map((part) => `"${part}"`).join(", ")}]`
      : virtual
        ? `write "${virtual[1]}.${virtual[2]}+PTX"`
        : meant === undefined
          ? 'write a compute capability such as "8.0", or "9.0+PTX"'
          : `write "${meant}"`;
  problems.add(at, path, `${quote(text)} is no CUDA architecture`, suggestion);
  return null;
}

function archOf(text: string): string | null {
  const [, major, minor, variant = "", ptx = ""] =
    /^(\d{1,2})\.(\d)([af]?)(\+PTX)?$/.exec(text) ?? /^sm_?(\d{1,2})(\d)([af]?)(\+PTX)?$/.exec(text) ?? [];
  return major === undefined ? null : `${Number(major)}.${minor}${variant}${ptx}`;
}
