import type { WheelWish } from "../job.ts";
import { isTiedToOnePython } from "./wheel-files.ts";
import { fitsPlatform, fitsPython, isForAnyPlatform, tagText, type WheelTag } from "./wheel-tags.ts";

/** What an audit has found out, in sentences. */
export interface Findings {
  /** What the wheel does not keep of its promise: each fails the build. */
  readonly faults: string[];
  /** What only looks wrong. */
  readonly remarks: string[];
}

export interface KindFacts {
  readonly tags: readonly WheelTag[];
  /** Paths. */
  readonly extensions: readonly string[];
  /** Programs and libraries, extension modules included, that were not grafted. */
  readonly binaries: readonly string[];
}

/** Where the wheel was made. */
export interface MadeFor {
  /** CPython feature version, "3.12", "3.13t". */
  readonly python: string;
  /** In the matrix's terms, "linux-x86_64". */
  readonly platform: string;
}

/** Whether the wheel is of the promised kind and can be installed where it was made. */
export function checkKind(wish: WheelWish | null, facts: KindFacts, at: MadeFor, { faults, remarks }: Findings): void {
  const { tags, binaries } = facts;
  const texts = tags.map(tagText).join(", ");
  if (!tags.some((tag) => fitsPython(tag, at.python) && fitsPlatform(tag, at.platform))) {
    faults.push(`it is tagged ${texts}, which CPython ${at.python} on ${at.platform} does not install`);
    return;
  }
  const isAny = isForAnyPlatform(tags);
  if (isAny && binaries.length > 0) {
    faults.push(`it is tagged ${texts}, for any platform, and holds ${binaries[0]}, which is not`);
  }
  if (wish === null) return;
  const fallback = fallbackOf(wish, facts);
  if (fallback !== null) {
    faults.push(fallback);
    return;
  }
  if (wish.kind === "pure") {
    if (!isAny || tags.some(({ abi }) => abi !== "none") || !tags.some(({ python }) => python.startsWith("py3"))) {
      faults.push(`a pure wheel (py3-none-any) was promised, and it is tagged ${texts}`);
    }
  } else if (wish.kind === "abi3") checkStableAbi(facts, texts, faults);
  else if (isAny) {
    remarks.push(`it is pure (${texts}): with kind: pure in build.wheels it would be built once for all cells`);
  } else if (binaries.length === 0) remarks.push(`it is tagged ${texts} and holds no compiled code`);
  else if (facts.extensions.length === 0) remarks.push("it has programs or libraries and no extension module");
}

/** A build that found no compiler for the GPU, or no PyTorch, most often ends well, with a wheel of Python files alone. */
function fallbackOf({ kind, torch, cuda }: WheelWish, { tags, binaries }: KindFacts): string | null {
  if (kind === "pure" || (torch === null && cuda === null) || binaries.length > 0) return null;
  const linked = [torch === null ? null : `PyTorch ${torch.version}`, cuda === null ? null : gpuName(cuda)];
  return (
    `silent CPU fallback: the wheel (${tags.map(tagText).join(", ")}) holds no extension module, ` +
    `though it was to be linked to ${linked.filter((one) => one !== null).join(" and ")}` +
    (isForAnyPlatform(tags) ? "; if it is meant to be pure, write kind: pure in build.wheels" : "")
  );
}

/** "CUDA 12.6", "ROCm 6.0" */
export function gpuName(cuda: string): string {
  return /^\d/.test(cuda) ? `CUDA ${cuda}` : cuda.replace(/^rocm/, "ROCm ");
}

/** Symbols are not looked at: which of them the stable ABI has is for a tool that knows all of it. */
function checkStableAbi({ tags, extensions, binaries }: KindFacts, texts: string, faults: string[]): void {
  if (!tags.every(({ abi }) => abi === "abi3")) {
    faults.push(`a wheel of the stable ABI (abi3) was promised, and it is tagged ${texts}`);
    return;
  }
  const tied = extensions.find(isTiedToOnePython);
  if (tied !== undefined) faults.push(`it is tagged ${texts}, and by its name ${tied} is for one Python alone`);
  else if (extensions.length === 0) {
    faults.push(
      `it is tagged ${texts} and has no extension module${binaries.length > 0 ? ", only other binaries" : ""}`,
    );
  }
}
