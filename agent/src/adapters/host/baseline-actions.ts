import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { baselineInstall, type StepKind } from "../../domain/job-steps.ts";
import type { Blob, MeasureWork } from "../../domain/job.ts";
import {
  baselineRequirement,
  chooseFile,
  isNothingFound,
  readIndexAnswer,
} from "../../domain/measure/index-baseline.ts";
import { armsOf, type Arm } from "../../domain/measure/process-order.ts";
import type { MeasureReport } from "../../domain/report.ts";
import { parseWheelName } from "../../domain/wheel-name.ts";
import type { FoundBaseline, JobContext, StepEnd } from "./job-context.ts";
import { agents, DONE, pip, type ActionsOf } from "./step-tools.ts";

/** The step that finds a baseline on the package index that pip is set to use. */
export const BASELINE_ACTIONS = {
  "find-baseline": async ({ wanted, work }, context) => {
    const candidate = parseWheelName(work.wheel.filename);
    if (!candidate) return agents("infrastructure", `${work.wheel.filename} is not the name of a wheel`);
    const requirement = baselineRequirement(candidate, wanted);
    if (requirement === null) return noBaseline(context, `below ${candidate.version} nothing is known to be`, false);
    let found = await download(requirement, context);
    if (found.kind === "found") {
      const choice = chooseFile(found.version, candidate.version, wanted);
      if (choice.kind === "refuse") return noBaseline(context, choice.reason, false);
      if (choice.kind === "ask") {
        const other = found.version;
        await rm(join(context.folder.built, found.wheel.filename));
        context.note(`${other} is of another variant than the candidate, ${candidate.version}`);
        found = await download(`${candidate.name}==${choice.version}`, context);
        if (found.kind === "none") {
          return noBaseline(context, `it has ${other}, and no ${choice.version}, which the candidate is like`, false);
        }
      }
    }
    if (found.kind === "end") return found.end;
    if (found.kind === "none") return noBaseline(context, found.reason, found.unknownProject);
    const { version, wheel } = found;
    if (wanted.sha256 !== null && wheel.sha256 !== wanted.sha256) {
      const message = `the package index gives another file of ${version} than was measured before`;
      return agents("infrastructure", `${message}: SHA-256 ${wheel.sha256}, not ${wanted.sha256}`);
    }
    context.progress.wheelPath = join(context.folder.built, wheel.filename);
    const { filename, sha256 } = wheel;
    context.progress.baseline = { kind: "found", version, file: { run: null, commit: null, filename, sha256 } };
    context.note(`the baseline is ${filename} of the package index, SHA-256 ${sha256}`);
    return { ok: true, next: baselineInstall(work, wheel) };
  },
} as const satisfies Partial<ActionsOf<StepKind>>;

function noBaseline(context: JobContext, reason: string, unknownProject: boolean): StepEnd {
  context.progress.baseline = { kind: "none", reason, unknownProject };
  context.note(`no baseline: ${reason}. The candidate is measured alone.`);
  return DONE;
}

type Downloaded =
  | { readonly kind: "found"; readonly version: string; readonly wheel: Blob }
  | { readonly kind: "none"; readonly reason: string; readonly unknownProject: boolean }
  | { readonly kind: "end"; readonly end: StepEnd };

/** A wheel for this environment, into an empty folder. */
async function download(requirement: string, context: JobContext): Promise<Downloaded> {
  const folder = context.folder.built;
  const args = ["download", "--no-deps", "--only-binary", ":all:", "--dest", folder, "--", requirement];
  // What is compared with is a release, whatever the machine's settings say of pre-releases.
  const change = { drop: /^PIP_PRE$/i, set: {} };
  let end = await pip(context, "find-baseline", args, change);
  if (!end.ok && end.verdict.outcome === "bad-spec" && isNothingFound(context.stepOutputTail())) {
    context.note("asked once more, to be told why");
    // Of an index that refuses pip says the same as of one that has nothing.
    end = await pip(context, "find-baseline", ["-vv", ...args], change);
    if (!end.ok) return nothingFound(requirement, end, context);
  }
  if (!end.ok) return { kind: "end", end };
  const [filename = "", ...more] = (await readdir(folder)).filter((name) => name.endsWith(".whl"));
  const version = parseWheelName(filename)?.version;
  if (version === undefined || more.length > 0) throw new Error(`pip download left ${[filename, ...more].join(", ")}`);
  const path = join(folder, filename);
  const { size } = await stat(path);
  return { kind: "found", version, wheel: { sha256: await sha256Of(path), sizeBytes: size, filename } };
}

function nothingFound(requirement: string, end: StepEnd & { readonly ok: false }, context: JobContext): Downloaded {
  const output = context.stepOutputTail();
  if (!isNothingFound(output)) return { kind: "end", end };
  const { refusal, unknownProject, versions } = readIndexAnswer(output);
  if (refusal !== null) {
    const summary = `whether there is a baseline cannot be told: the package index answered ${refusal}`;
    return { kind: "end", end: agents("infrastructure", summary) };
  }
  if (unknownProject) return { kind: "none", reason: "it does not know the project", unknownProject };
  const others = versions.length === 0 ? "" : `; it has ${versions.join(", ")}`;
  const reason = `it has no wheel of ${requirement} for this Python and platform${others}`;
  return { kind: "none", reason, unknownProject };
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest("hex");
}

/** What the candidate is measured beside, once it is there; null: there was never to be one. */
function baselineOf({ baseline }: MeasureWork, context: JobContext): FoundBaseline | null {
  if (baseline?.kind !== "wheel") return context.baseline;
  const { version, run, commit, wheel } = baseline;
  const { filename, sha256 } = wheel;
  return { kind: "found", version, file: run === null ? null : { run, commit, filename, sha256 } };
}

/** Of the environments that there are. */
export function armsIn(work: MeasureWork, context: JobContext): readonly Arm[] {
  return armsOf(baselineOf(work, context)?.kind === "found");
}

/** The part of a report that says what was measured beside what. */
export function besideIn(
  work: MeasureWork,
  context: JobContext,
): Pick<MeasureReport, "baseline" | "baselineFile" | "noBaseline"> {
  const found = baselineOf(work, context);
  if (found === null) return { baseline: null };
  if (found.kind === "found") {
    return { baseline: found.version, ...(found.file ? { baselineFile: found.file } : {}) };
  }
  const { reason, unknownProject } = found;
  return { baseline: null, noBaseline: { reason, unknownProject } };
}
