import { join } from "node:path";
import type { Interpreter } from "../../domain/interpreter.ts";
import type { WheelWish } from "../../domain/job.ts";
import { deviceText } from "../../domain/wheel-audit/arch-promise.ts";
import { auditWheel as compare, type WheelFindings } from "../../domain/wheel-audit/audit-wheel.ts";
import { boundedReport } from "../../domain/wheel-audit/bounded-report.ts";
import { findBuiltWheel } from "./built-wheel.ts";
import type { JobContext, StepEnd } from "./job-context.ts";
import { agents, DONE } from "./step-tools.ts";
import { readWheel } from "./wheel-archive.ts";

const NOTES_MAX = 50;

/** Compares the wheel, as it will be kept, with what was promised, and reports what it is. */
export async function auditWheel(
  { wish, python }: { readonly wish: WheelWish | null; readonly python: Interpreter },
  context: JobContext,
): Promise<StepEnd> {
  const built = await findBuiltWheel(context.folder.built);
  if (!built.ok) return agents("build-failed", built.message);
  const { filename, path } = built;
  const wheel = await readWheel(path, filename, join(context.folder.root, "member"), context.signal);
  if (!wheel.ok) return agents("build-failed", `${filename} cannot be taken: ${wheel.message}`);
  const madeFor = { python: python.feature, platform: python.platform };
  const { faults, ...found } = compare(wheel.facts, wish, madeFor, context.build.wheelBytesMax);
  const { sourceDateEpoch, reproducibility } = context.progress;
  const remarks = [...faults, ...found.remarks, ...context.progress.remarks];
  context.report(
    boundedReport({ kind: "wheel", ...found, remarks, sourceDateEpoch: sourceDateEpoch ?? 0, reproducibility }),
  );
  context.note(`${filename}: ${summary(found)}`);
  const [first, ...rest] = faults;
  for (const text of [...rest, ...found.remarks].slice(0, NOTES_MAX)) context.note(text);
  if (first === undefined) return DONE;
  return agents("build-failed", first.startsWith("silent") ? first : `the wheel is not as promised: ${first}`);
}

function summary(found: Omit<WheelFindings, "faults">): string {
  const { extensions, grafted, glibc, policy, smArchitectures, ptxArchitectures } = found;
  const parts = [counted(extensions.length, "extension module")];
  if (glibc !== null) parts.push(`needs glibc ${glibc}${policy === null ? "" : ` (${policy})`}`);
  if (smArchitectures.length + ptxArchitectures.length > 0) {
    parts.push(deviceText({ machineCode: smArchitectures, ptx: ptxArchitectures }));
  }
  if (grafted.length > 0) parts.push(`${counted(grafted.length, "library", "libraries")} copied into it`);
  return parts.join(", ");
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count === 0 ? "no" : count} ${count === 1 ? one : many}`;
}
