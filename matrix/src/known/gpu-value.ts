import { KNOWLEDGE } from "../knowledge/knowledge.ts";
import { compareNumbers } from "../knowledge/number-order.ts";

/**
 * A value of the gpu axis as cells name it: `none`, a model of gpus.json ("H100")
 * or a compute capability ("9.0"). Reads `sm_90`, `compute_90` and what drivers
 * call a model ("NVIDIA H100 80GB HBM3", "h100", "rtx 4090") too; null for what is
 * none of these.
 */
export function gpuValue(text: string): string | null {
  const word = text.trim();
  if (word.length > TEXT_CHARS_MAX) return null;
  if (/^none$/i.test(word)) return "none";
  return capability(word) ?? model(word);
}

const TEXT_CHARS_MAX = 100;

function capability(word: string): string | null {
  const dotted = /^(\d{1,2})\.(\d)[af]?$/.exec(word) ?? /^(?:sm|compute)_?(\d{1,2})(\d)[af]?$/i.exec(word);
  return dotted ? `${Number(dotted[1])}.${dotted[2]}` : null;
}

/** Of the models whose pattern fits, the one that explains most of the text: "H200 NVL", not "H200". */
function model(word: string): string | null {
  const spaced = word.replace(/[_-]+/g, " ");
  const same = KNOWLEDGE.gpus.find(({ name }) =>
    [word, spaced].some((form) => form.toLowerCase() === name.toLowerCase()),
  );
  if (same) return same.name;
  let best: string | null = null;
  let longest = 0;
  for (const form of [word, spaced, `GeForce ${spaced}`]) {
    for (const { name, pattern } of KNOWLEDGE.gpus) {
      const length = pattern.exec(form)?.[0].length ?? 0;
      if (length > longest || (length === longest && length > 0 && best !== null && name < best))
        [best, longest] = [name, length];
    }
    if (best !== null) return best;
  }
  return null;
}

/** Order of plans: `none`, then by compute capability; a capability before the models that have it. */
export function compareGpus(a: string, b: string): number {
  const [capabilityA, modelA] = rank(a);
  const [capabilityB, modelB] = rank(b);
  return compareNumbers(capabilityA, capabilityB) || (modelA < modelB ? -1 : modelA > modelB ? 1 : 0);
}

function rank(value: string): readonly [capability: string, model: string] {
  if (value === "none") return ["0", ""];
  if (/^\d+\.\d+$/.test(value)) return [value, ""];
  return [KNOWLEDGE.gpuByName.get(value)?.computeCapability ?? "999", value];
}
