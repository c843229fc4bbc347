import type { FoldedBuild } from "./fold-builds.ts";
import { namePart } from "./cell-name.ts";

/** How a build and its wheel are told from the others of the plan. */
export interface WheelNames {
  /** Without `build-`: `cp310-torch2.1.2-cu118-linux-x86_64`, `abi3-linux-x86_64`, `pure`. */
  readonly build: string;
  /** PEP 440 local version, or null. */
  readonly localVersion: string | null;
}

/** Two builds whose files would have one name on one index. */
export interface WheelClash {
  readonly builds: readonly [string, string];
  /** The tags that both files have. */
  readonly tags: string;
}

/**
 * Names builds by what they depend on, with the name of the spec's wheel
 * before it where two would be the same, and tells wheels apart whose file
 * names would be.
 *
 * Wheels with the same tags (PEP 425) differ by torch or CUDA alone. As
 * PyTorch does on its own index, each gets a local version (PEP 440) of the
 * part that differs: `cpu`, `cu118`, `torch2.1`, `cu118torch2.1`. Where any
 * two wheels of a platform differ by CUDA, all of that platform say theirs, so
 * that one release reads the same for every Python; a platform with one
 * variant, such as macOS, says nothing, as PyTorch's wheels for it do. torch is
 * said by its feature version unless two patch releases of one are planned.
 */
export function nameWheels(builds: readonly FoldedBuild[]): {
  readonly names: readonly WheelNames[];
  readonly clash: WheelClash | null;
} {
  const named = buildNames(builds);
  const differs = differencesByPlatform(builds);
  const torchPart = torchParts(builds);
  const names = builds.map((build, index): WheelNames => {
    const by = differs.get(build.at.platform);
    const cuda = by?.cuda ? (build.variant ?? "") : "";
    const torch = by?.torch && build.at.torch !== null ? torchPart(build.at.torch) : "";
    const local = build.wheel.localVersion === "auto" ? cuda + torch : "";
    return { build: named[index] ?? "", localVersion: local === "" ? null : local };
  });
  return { names, clash: findClash(builds, names) };
}

function buildNames(builds: readonly FoldedBuild[]): readonly string[] {
  const plain = builds.map(({ at }) => {
    const parts = at.python === null ? [at.kind] : [namePart("python", at.python)];
    if (at.torch !== null) parts.push(namePart("torch", at.torch));
    if (at.cuda !== null) parts.push(namePart("cuda", at.cuda));
    if (at.platform !== null) parts.push(at.platform);
    return parts.join("-");
  });
  const uses = new Map<string, number>();
  for (const name of plain) uses.set(name, (uses.get(name) ?? 0) + 1);
  return plain.map((name, index) => {
    if (uses.get(name) === 1) return name;
    const wheel = builds[index]?.wheel.name ?? "";
    return `${wheel === "" ? `wheel${index + 1}` : wheel}-${name}`;
  });
}

/** The tags of the wheel's file name as far as the plan knows them. */
function tagsOf({ at, wheel }: FoldedBuild): string {
  if (at.kind === "pure") return "py3-none-any";
  const python = `cp${(at.python ?? "").replace(".", "")}`;
  if (at.kind === "native") return `${python.replace("t", "")}-${python}-${at.platform}`;
  const floor = wheel.kind.kind === "abi3" ? wheel.kind.python.replace(".", "") : "";
  return `cp${floor}-abi3-${at.platform}`;
}

interface Differences {
  cuda: boolean;
  torch: boolean;
}

/** By what wheels with the same tags differ on each platform. */
function differencesByPlatform(builds: readonly FoldedBuild[]): ReadonlyMap<string | null, Differences> {
  const first = new Map<string, FoldedBuild>();
  const differs = new Map<string | null, Differences>();
  for (const build of builds) {
    const { platform, torch } = build.at;
    const other = first.get(tagsOf(build));
    if (!other) {
      first.set(tagsOf(build), build);
      continue;
    }
    let found = differs.get(platform);
    if (!found) differs.set(platform, (found = { cuda: false, torch: false }));
    found.cuda ||= other.variant !== build.variant;
    found.torch ||= other.at.torch !== torch;
  }
  return differs;
}

function torchParts(builds: readonly FoldedBuild[]): (torch: string) => string {
  const releases = new Map<string, Set<string>>();
  for (const { at } of builds) {
    if (at.torch === null) continue;
    const feature = featureOf(at.torch);
    releases.set(feature, (releases.get(feature) ?? new Set()).add(at.torch));
  }
  return (torch) => {
    const feature = featureOf(torch);
    return `torch${releases.get(feature)?.size === 1 ? feature : torch}`;
  };
}

function featureOf(torch: string): string {
  return torch
    .split(".")
    .slice(0, 2)
    .join(".")
    .replace(/[^0-9.].*$/, "");
}

/**
 * Files of different policies have different platform tags (PEP 600), where
 * both say which; a wheel for all variants is on every index.
 */
function findClash(builds: readonly FoldedBuild[], names: readonly WheelNames[]): WheelClash | null {
  const byName = new Map<string, number[]>();
  for (const [index, build] of builds.entries()) {
    const tags = tagsOf(build);
    const name = `${tags} ${names[index]?.localVersion ?? ""}`;
    const others = byName.get(name) ?? [];
    for (const other of others) {
      const sees = builds[other];
      if (!sees || !sameIndex(sees.variant, build.variant) || !samePolicy(sees.wheel.policy, build.wheel.policy))
        continue;
      return { builds: [`build-${names[other]?.build}`, `build-${names[index]?.build}`], tags };
    }
    others.push(index);
    byName.set(name, others);
  }
  return null;
}

function sameIndex(a: string | null, b: string | null): boolean {
  return a === null || b === null || a === b;
}

function samePolicy(a: string | null, b: string | null): boolean {
  return a === null || b === null || a === b;
}
