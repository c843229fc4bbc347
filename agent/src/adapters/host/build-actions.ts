import { join } from "node:path";
import { compareWheels } from "../../domain/compare-wheels.ts";
import type { BuildCommand, StepKind } from "../../domain/job-steps.ts";
import { localVersionStep, publicVersion } from "../../domain/local-version.ts";
import { formatBytes } from "../../domain/units.ts";
import { parseWheelName, wheelMismatch } from "../../domain/wheel-name.ts";
import { auditWheel } from "./audit-wheel.ts";
import { buildWheel } from "./build-commands.ts";
import { findBuiltWheel, readWheelFacts, type BuiltWheel } from "./built-wheel.ts";
import { cibuildwheel, CIBUILDWHEEL_ACTIONS } from "./cibuildwheel-actions.ts";
import type { JobContext, StepEnd } from "./job-context.ts";
import { repairWheel } from "./repair-wheel.ts";
import { rewriteVersion } from "./rewrite-wheel.ts";
import { selectToolkit } from "./select-toolkit.ts";
import { agents, DONE, type ActionsOf } from "./step-tools.ts";
import { TORCH_ACTIONS } from "./torch-actions.ts";
import { unpackSource } from "./unpack-source.ts";

/** The steps that only builds have. */
export const BUILD_ACTIONS = {
  ...TORCH_ACTIONS,
  ...CIBUILDWHEEL_ACTIONS,

  "select-toolkit": ({ cuda }, context) => selectToolkit(context, cuda),

  "build-wheel": async ({ how }, context) => {
    context.progress.tree ??= await context.buildTree();
    const places = { tree: context.progress.tree, target: context.folder.built };
    return build(context, "build-wheel", how, places);
  },

  "rebuild-wheel": async ({ source, how }, context) => {
    const first = await findBuiltWheel(context.folder.built);
    if (!first.ok) return agents("build-failed", first.message);
    const unpacked = await unpackSource(join(context.folder.files, source.filename), context.folder.sourceAgain);
    if (!unpacked.ok) return agents("build-failed", `${source.filename} cannot be unpacked: ${unpacked.message}`);
    const places = { tree: context.folder.sourceAgain, target: context.folder.rebuilt };
    const end = await build(context, "rebuild-wheel", how, places);
    return end.ok ? compare(context, first) : end;
  },

  "set-local-version": async ({ localVersion }, context) => {
    const built = await findBuiltWheel(context.folder.built);
    if (!built.ok) return agents("build-failed", built.message);
    const step = localVersionStep(built.filename, localVersion);
    if (step.kind === "refused") return agents("build-failed", step.message);
    if (step.kind === "has-it") {
      context.note(`${built.filename} has it already`);
      return DONE;
    }
    return rewrite(context, built, step);
  },

  "repair-wheel": repairWheel,

  "audit-wheel": auditWheel,

  "keep-wheel": async ({ candidate }, context) => {
    const built = await findBuiltWheel(context.folder.built);
    if (!built.ok) return agents("build-failed", built.message);
    const { filename, path } = built;
    const mismatch = wheelMismatch(withoutPromised(filename, context), candidate);
    if (mismatch !== null) return agents("build-failed", mismatch);
    const stored = await context.blobs.store(path, filename, context.signal, (text) => context.note(text));
    if (!stored.ok) return agents("infrastructure", `the wheel could not be stored: ${stored.message}`);
    context.note(`${filename} (${formatBytes(stored.blob.sizeBytes)}, SHA-256 ${stored.blob.sha256})`);
    context.artifact("wheel", stored.blob);
    return DONE;
  },
} as const satisfies Partial<ActionsOf<StepKind>>;

function build(
  context: JobContext,
  step: "build-wheel" | "rebuild-wheel",
  how: BuildCommand,
  places: { readonly tree: string; readonly target: string },
): Promise<StepEnd> {
  return how.frontend === "pip"
    ? buildWheel(context, step, how.configSettings, places)
    : cibuildwheel(context, step, how.platform, places);
}

async function compare(context: JobContext, first: BuiltWheel & { readonly ok: true }): Promise<StepEnd> {
  const second = await findBuiltWheel(context.folder.rebuilt);
  if (!second.ok) return agents("build-failed", `the second time ${second.message}`);
  try {
    const [before, after] = [first, second].map(({ path, filename }) => readWheelFacts(path, filename));
    if (!before || !after) throw new Error("there are two wheels");
    const { reproducibility, remark } = compareWheels(await before, await after);
    context.progress.reproducibility = reproducibility;
    if (remark !== null) context.progress.remarks.push(remark);
    context.note(remark ?? "a second build, in another folder, made the same bytes");
    return DONE;
  } catch (cause) {
    return agents("build-failed", `the wheels could not be compared: ${messageOf(cause)}`);
  }
}

async function rewrite(
  context: JobContext,
  { path, filename }: { readonly path: string; readonly filename: string },
  step: { readonly filename: string; readonly version: string },
): Promise<StepEnd> {
  try {
    await rewriteVersion(path, step.filename, step.version);
  } catch (cause) {
    return agents("build-failed", `${filename} cannot have the version ${step.version}: ${messageOf(cause)}`);
  }
  context.note(`${filename} is now ${step.filename}; what its code says of its version stays as it is`);
  return DONE;
}

/** The file name without the local version that was asked for: the candidate has none. */
function withoutPromised(filename: string, { job }: JobContext): string {
  const wheel = parseWheelName(filename);
  const wanted = job.work.kind === "build" ? (job.work.wheel?.localVersion ?? null) : null;
  if (!wheel || wanted === null) return filename;
  return filename.replace(`-${wheel.version}-`, `-${publicVersion(wheel.version)}-`);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
