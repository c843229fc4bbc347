import { cxx11Abi } from "../knowledge/cell-facts.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import { cudaVariant, isCudaVersion } from "../known/cuda-value.ts";
import { osTarget, platformOf } from "../known/os-target.ts";
import type { BuildSpec } from "../spec/spec.ts";
import { sortedRecord } from "./canonical-json.ts";
import type { CellTable } from "./cell-table.ts";
import { foldBuilds, type FoldedBuild } from "./fold-builds.ts";
import { keyOf } from "./job-keys.ts";
import { axesOf, nameOf } from "./per-projection.ts";
import type { Digest } from "./plan-inputs.ts";
import type { CellAxes, PlannedBuild, PlannedTest, PlannedWheel } from "./plan.ts";
import { containerKey, containerOn, namesImage } from "./planned-container.ts";
import { secretNames, secretsKey } from "./planned-secrets.ts";
import { labelsOf, requirementText, type RequirementPool } from "./requirements.ts";
import { nameWheels, type WheelClash, type WheelNames } from "./wheel-names.ts";

export interface BuildInputs {
  readonly spec: BuildSpec;
  readonly knowledge: Knowledge;
  readonly digest: Digest;
  /** Digest of the candidate: its name, version and source. */
  readonly candidateKey: string;
  readonly pool: RequirementPool;
  readonly isTouchstone: (row: number) => boolean;
}

export type PlannedBuilds =
  | { readonly ok: true; readonly builds: readonly PlannedBuild[]; readonly buildOf: (row: number) => PlannedBuild }
  | { readonly ok: false; readonly clash: WheelClash };

/** The builds of the cells of `rows`, which are in the order of the plan; in the order of first use. */
export function planBuilds(table: CellTable, rows: readonly number[], inputs: BuildInputs): PlannedBuilds {
  const { spec, digest, candidateKey, isTouchstone } = inputs;
  const folding = foldBuilds(table, rows, spec.wheels);
  const { names, clash } = nameWheels(folding.builds);
  if (clash) return { ok: false, clash };
  const common = {
    env: sortedRecord(spec.env),
    secrets: secretNames(spec.secrets),
    configSettings: sortedRecord(spec.configSettings),
    limits: spec.limits,
  };
  const { secrets: _names, ...shared } = common;
  const share = keyOf(digest, {
    kind: "build",
    candidate: candidateKey,
    ...shared,
    ...secretsKey(spec.secrets),
    limits: { ...spec.limits },
    ...unusualKey(spec),
  });
  const touchstones = new Set(rows.filter(isTouchstone).map((row) => folding.buildOf(row).index));
  const builds = folding.builds.map((build) => {
    const wheel = wheelOf(table, build, names[build.index], inputs.knowledge);
    return planBuild(table, build, wheel, {
      ...inputs,
      share,
      common,
      touchstone: touchstones.has(build.index),
      names,
    });
  });
  return {
    ok: true,
    builds,
    buildOf: (row) => {
      const build = builds[folding.buildOf(row).index];
      if (!build) throw new Error(`cell ${row} has no build`);
      return build;
    },
  };
}

interface BuildParts extends BuildInputs {
  readonly share: string;
  readonly common: Pick<PlannedBuild, "env" | "secrets" | "configSettings" | "limits">;
  readonly touchstone: boolean;
  readonly names: readonly WheelNames[];
}

function planBuild(table: CellTable, build: FoldedBuild, wheel: PlannedWheel, parts: BuildParts): PlannedBuild {
  const cell = axesOf(table, build.madeIn);
  const platform = platformOf(cell.os);
  const { container } = parts.spec;
  const requirement = parts.pool.intern({
    kind: "build",
    platform,
    // Any release of the platform will do under the wheel's policy, but glibc does not make wheels for musl.
    os: osTarget(cell.os)?.libc === "musl" ? cell.os : null,
    python: cell.python,
    torch: wheel.torch !== null,
    cudaToolkit: build.at.cuda !== null && isCudaVersion(build.at.cuda) ? build.at.cuda : null,
    gpu: null,
    container: namesImage(platform, container),
    ...labelsOf(parts.spec.agents),
  });
  // On which index it is staged does not change how the build ends.
  const { index: _index, ...made } = wheel;
  const key = keyOf(parts.digest, {
    share: parts.share,
    requirement: requirementText(requirement),
    wheel: { ...made, torch: made.torch === null ? null : { ...made.torch } },
    abi3: build.at.kind === "abi3" && build.wheel.kind.kind === "abi3" ? build.wheel.kind.python : null,
    cuda: build.at.cuda,
    ...containerKey(containerOn(platform, container) === null ? null : container),
  });
  const { env, secrets, configSettings, limits } = parts.common;
  return {
    kind: "build",
    name: `build-${parts.names[build.index]?.build}`,
    cell: nameOf(table, build.madeIn),
    key,
    needs: [],
    requirement,
    touchstone: parts.touchstone,
    env,
    secrets,
    limits,
    configSettings,
    frontend: parts.spec.frontend,
    checkReproducible: parts.spec.reproducible === "check",
    wheel,
    container: containerOn(platform, container, wheel.policy),
  };
}

/** Only what is asked for, so that builds which ask for nothing keep the keys that they had. */
function unusualKey({ frontend, reproducible }: BuildSpec): Readonly<Record<string, string>> {
  return {
    ...(frontend === "pip" ? {} : { frontend }),
    ...(reproducible === "unchecked" ? {} : { reproducible }),
  };
}

function wheelOf(
  table: CellTable,
  { wheel, at, madeIn, variant }: FoldedBuild,
  names: WheelNames | undefined,
  knowledge: Knowledge,
): PlannedWheel {
  const cell = axesOf(table, madeIn);
  const torch = at.kind === "pure" || wheel.torch === "none" ? null : torchOf(cell);
  const platform = platformOf(cell.os);
  return {
    kind: at.kind,
    torch,
    index: variant,
    localVersion: names?.localVersion ?? null,
    cxx11Abi: torch === null ? null : cxx11Abi(knowledge, torch.version, cell["cuda"] ?? "cpu", platform),
    archList: at.cuda !== null && isCudaVersion(at.cuda) ? wheel.archList : [],
    policy: at.platform?.startsWith("linux-") ? wheel.policy : null,
  };
}

/** The PyTorch of a cell; a cell that says nothing of CUDA has the one for `cpu`. */
export function torchOf({ torch, cuda = "cpu" }: CellAxes): PlannedTest["torch"] {
  return torch === undefined ? null : { version: torch, variant: cudaVariant(cuda) };
}
