import type { StepKind } from "../../domain/job-steps.ts";
import type { Torch } from "../../domain/job.ts";
import { normalName, parseWheelName, sameVersion, type WheelName } from "../../domain/wheel-name.ts";
import { askProject, askWheel } from "./ask-index.ts";
import { firstDifference } from "./compare-installed.ts";
import { findInstalled, sitePackages } from "./installed-wheel.ts";
import type { JobContext, StepEnd } from "./job-context.ts";
import { otherSources, runIndexEnvironment, runIndexUrl } from "./run-index.ts";
import { agents, DONE, pip, type ActionsOf, type StepOf } from "./step-tools.ts";

type Install = StepOf<"install-wheel">;

/** Steps that install what a command of the job then uses. */
export const INSTALL_ACTIONS = {
  "install-wheel": async (install, context) => {
    const wheel = parseWheelName(install.wheel.filename);
    if (!wheel) return agents("infrastructure", `${install.wheel.filename} is not the name of a wheel`);
    const end = await installWheel(install, wheel, context);
    return end.ok ? verifyInstalled(install, wheel, context) : end;
  },

  "install-requires": ({ requires }, context) => pip(context, "install-requires", ["install", "--", ...requires]),
} as const satisfies Partial<ActionsOf<StepKind>>;

async function installWheel(
  { wheel: { sha256 }, extras, requires, index: variant, torch, from }: Install,
  wheel: WheelName,
  context: JobContext,
): Promise<StepEnd> {
  const withExtras = extras.length > 0 ? `[${extras.join(",")}]` : "";
  const beside = [...(torch ? [`torch==${torch.version}`] : []), ...requires];
  if (variant === null) {
    return pip(context, "install-wheel", ["install", "--", context.progress.wheelPath + withExtras, ...beside]);
  }
  const index = { run: context.run, variant };
  context.note(`from ${runIndexUrl(context.indexes, index)} and from nowhere else`);
  const others = otherSources(context.job.env);
  if (others.length > 0) context.note(`${others.join(", ")} of the job: not used, since the run's index is`);
  const reader = await context.indexes.reader(index.run, context.signal);
  const change = runIndexEnvironment(context.indexes, index, reader, context.progress.pipVersion);
  // The run's index knows the candidate's project by the candidate alone: another release comes as a file.
  const wanted =
    from === "file" ? context.progress.wheelPath + withExtras : `${wheel.name}${withExtras}==${wheel.version}`;
  const end = await pip(context, "install-wheel", ["install", "--", wanted, ...beside], change);
  return end.ok ? end : explained(end, index, { name: wheel.name, sha256 }, context);
}

/** pip says only that a project or a release is not there; the index says why. */
async function explained(
  end: StepEnd & { readonly ok: false },
  index: { readonly run: number; readonly variant: string },
  wheel: { readonly name: string; readonly sha256: string },
  context: JobContext,
): Promise<StepEnd> {
  const missing = /Could not find a version that satisfies the requirement ([A-Za-z0-9][A-Za-z0-9._-]*)/;
  const project = missing.exec(context.stepOutputTail())?.[1];
  if (project === undefined) return end;
  const refusal =
    normalName(project) === normalName(wheel.name)
      ? await askWheel(context.indexes, context.run, wheel.sha256, context.signal)
      : await askProject(context.indexes, index, project, context.signal);
  if (refusal === null) return end;
  const summary = `installing the wheel failed: ${refusal.detail}`;
  return {
    ...end,
    verdict: { outcome: refusal.isFarms ? "infrastructure" : end.verdict.outcome, summary },
    isAgents: true,
  };
}

/** What is installed must be what was to be tested: that very file, and that PyTorch. */
async function verifyInstalled(
  { wheel: blob, torch }: Install,
  wheel: WheelName,
  context: JobContext,
): Promise<StepEnd> {
  const { progress, folder } = context;
  const site = await sitePackages(folder.virtualEnv);
  progress.installed = await findInstalled(site, wheel.name);
  if (!progress.installed) return agents("tests-failed", `pip installed ${blob.filename} and left no trace of it`);
  if (!sameVersion(progress.installed.version, wheel.version)) {
    const found = `${wheel.name} ${progress.installed.version}`;
    return agents(
      "tests-failed",
      `${found} is installed instead of ${wheel.version}: a requirement replaced the wheel`,
    );
  }
  const different = await firstDifference(progress.wheelPath, { sitePackages: site, virtualEnv: folder.virtualEnv });
  if (different !== null) {
    const what = `another file than ${blob.filename} (SHA-256 ${blob.sha256}) is installed instead`;
    return agents("tests-failed", `${what}: ${different} is not as in it`);
  }
  context.note(`what is installed is ${blob.filename}, SHA-256 ${blob.sha256}`);
  return torch ? verifyTorch(torch, site, context) : DONE;
}

/** PyTorch's wheels carry their variant as local version, "2.1.2+cu118", but for those of the default one. */
async function verifyTorch(torch: Torch, site: string, context: JobContext): Promise<StepEnd> {
  const wanted = `PyTorch ${torch.version} for ${torch.variant}`;
  const installed = await findInstalled(site, "torch");
  if (!installed) return agents("tests-failed", `${wanted} was to be installed, and pip left no trace of it`);
  const [version = "", variant] = installed.version.split("+");
  if (!sameVersion(version, torch.version) || (variant !== undefined && variant !== torch.variant)) {
    return agents("tests-failed", `PyTorch ${installed.version} is installed instead of ${wanted}`);
  }
  context.note(`PyTorch ${installed.version}${variant === undefined ? ", which does not say its variant" : ""}`);
  return DONE;
}
