import { lstat, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { classifyFailure, type ProcessEnd } from "../../domain/classify.ts";
import type { WheelWish } from "../../domain/job.ts";
import { repairArguments, repairReason, repairToolFor, type RepairTool } from "../../domain/repair-tool.ts";
import { tooNew } from "../../domain/wheel-audit/check-policy.ts";
import type { WheelFacts } from "../../domain/wheel-audit/audit-wheel.ts";
import type { BinaryFacts } from "../../domain/wheel-audit/binary-facts.ts";
import { isForAnyPlatform, wheelTags } from "../../domain/wheel-audit/wheel-tags.ts";
import { findBuiltWheel, type BuiltWheel } from "./built-wheel.ts";
import type { JobContext, ReadyTool, StepEnd } from "./job-context.ts";
import { agents, DONE } from "./step-tools.ts";
import { readWheel } from "./wheel-archive.ts";

/** What a tool repairs. */
const REPAIRS: Readonly<Record<RepairTool, BinaryFacts["format"]>> = {
  auditwheel: "elf",
  delocate: "mach-o",
  delvewheel: "pe",
};
const REASON_CHARS_MAX = 400;

type Built = BuiltWheel & { readonly ok: true };

/**
 * Makes the built wheel run on other machines than this one: what it needs
 * beyond its platform's policy is copied into it, but for PyTorch and CUDA, and
 * its platform tag is made true. A wheel without compiled code stays as it is.
 */
export async function repairWheel(
  { wish, platform }: { readonly wish: WheelWish | null; readonly platform: string },
  context: JobContext,
): Promise<StepEnd> {
  const built = await findBuiltWheel(context.folder.built);
  if (!built.ok) return agents("build-failed", built.message);
  const tool = repairToolFor(platform);
  // Before a tool unpacks it, and writes a new RECORD over one that may lie.
  const wheel = await readWheel(built.path, built.filename, join(context.folder.root, "member"), context.signal);
  if (!wheel.ok) return agents("build-failed", `${built.filename} cannot be taken: ${wheel.message}`);
  const binaries = wheel.facts.binaries.map(({ facts }) => facts).filter(({ format }) => format === REPAIRS[tool]);
  const tags = wheelTags(built.filename);
  if (tags.length > 0 && tags.every((tag) => tag.platform.startsWith("musllinux_"))) {
    // Only where musl is can it be repaired again; a frontend that tags it so has done it there.
    context.note(`${built.filename} is for musl, and was repaired where it was built`);
    return DONE;
  }
  if (isForAnyPlatform(tags) || binaries.length === 0) {
    context.note(`${built.filename} holds no compiled code, or says so: there is nothing to repair`);
    return DONE;
  }
  let ready: ReadyTool;
  try {
    ready = await context.repair.prepare((text) => context.note(text));
  } catch (cause) {
    return agents("infrastructure", cause instanceof Error ? cause.message : String(cause));
  }
  const args = repairArguments(tool, built.path, context.folder.repaired, { wish, platform, binaries });
  context.note(`$ ${tool} ${args.join(" ").replaceAll(context.folder.root, ".")}  (${ready.version})`);
  const end = await context.command({ argv: [...ready.argv, ...args], cwd: context.folder.temporary });
  return end.exitCode === 0
    ? takeRepaired(context, built)
    : unrepaired(context, end, tool, tooNewFor(wish, wheel.facts));
}

/** The repaired wheel takes the place of the built one. */
async function takeRepaired({ folder, note }: JobContext, built: Built): Promise<StepEnd> {
  const wheels = (await readdir(folder.repaired)).filter((name) => name.endsWith(".whl"));
  const [filename] = wheels;
  if (filename === undefined) {
    note(`${built.filename} needs no repair`);
    return DONE;
  }
  const path = join(folder.repaired, filename);
  if (wheels.length > 1 || !(await lstat(path)).isFile()) {
    return agents("build-failed", `the repair made ${wheels.sort().join(" and ")} where one file was expected`);
  }
  await rm(built.path);
  await rename(path, join(folder.built, filename));
  return DONE;
}

/** `culprit`: a sentence on what auditwheel says only that there is. */
function unrepaired(context: JobContext, end: ProcessEnd, tool: RepairTool, culprit: string | null): StepEnd {
  const tail = context.stepOutputTail();
  const verdict = classifyFailure("repair-wheel", end, tail);
  if (verdict.outcome !== "build-failed" || end.signal !== null) return { ok: false, exitCode: end.exitCode, verdict };
  const reason = repairReason(tail) ?? `it ended with exit status ${end.exitCode}`;
  const quote = reason.length > REASON_CHARS_MAX ? `${reason.slice(0, REASON_CHARS_MAX).toWellFormed()}…` : reason;
  return agents("build-failed", `${tool}: ${quote}${culprit === null ? "" : ` (${culprit})`}`);
}

/** The first symbol that the asked policy does not allow. */
function tooNewFor(wish: WheelWish | null, { binaries }: WheelFacts): string | null {
  const policy = wish?.policy ?? null;
  if (policy === null) return null;
  const elf = binaries.map(({ path, facts }) => ({ path, symbolVersions: facts.symbolVersions }));
  return elf.map((member) => tooNew(member, policy)).find((text) => text !== null) ?? null;
}
