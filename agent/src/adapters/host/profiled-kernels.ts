import { join } from "node:path";
import { namesArguments, readNames } from "../../domain/measure/kernel-names.ts";
import type { KernelBinary, MeasuredProcess } from "../../domain/report.ts";
import { sitePackages } from "./installed-wheel.ts";
import type { JobContext } from "./job-context.ts";
import { findKernels, type FoundKernel } from "./kernel-binaries.ts";
import { readOwnFile } from "./own-file.ts";

const NAMES_BYTES_MAX = 16 * 1024 ** 2;
/** A report has to fit into a frame, with both arms in it. */
const KERNELS_MAX = 80;
const LAUNCHES_MAX = 1_000;
const LAUNCHES_IN_ALL_MAX = 2_000;

type ProfiledKernels = Required<Pick<MeasuredProcess, "kernels" | "kernelsUnknown">>;

/**
 * The machine code of the kernels in a profile, read out of the libraries that
 * the arm's wheel installed. What is not found has no hash, with the reason: a
 * profile is worth as much without.
 */
export async function profiledKernels(
  ncu: string,
  { report, folder }: { readonly report: string; readonly folder: string },
  context: JobContext,
): Promise<ProfiledKernels> {
  const names = join(folder, "names.csv");
  const change = { drop: null, set: { LC_ALL: "C" } };
  const argv = [ncu, ...namesArguments({ report, names })] as const;
  const end = await context.command({ argv, cwd: context.folder.test }, change);
  const text = end.exitCode === 0 ? await readOwnFile(names, folder, NAMES_BYTES_MAX).catch(() => null) : null;
  const profiled = text === null ? null : readNames(text);
  if (!profiled) return none("this ncu does not print the symbols of kernels");
  if (profiled.capability === null) return none("the profile does not name one compute capability");
  const { installed } = context.progress;
  if (!installed) return none("no wheel is installed");
  const { virtualEnv } = context.folder;
  const where = { sitePackages: await sitePackages(virtualEnv), virtualEnv, paths: installed.paths };
  const wanted = { symbols: new Set(profiled.launches.keys()), capability: profiled.capability };
  const { found, problems } = await findKernels(where, wanted, context.signal);
  return joined(profiled.launches, found, [
    ...problems,
    ...(found.length < wanted.symbols.size ? [`not in its machine code for ${profiled.capability}`] : []),
  ]);
}

function joined(
  launches: ReadonlyMap<string, readonly number[]>,
  found: readonly FoundKernel[],
  problems: readonly string[],
): ProfiledKernels {
  const kernels: KernelBinary[] = [];
  const unknown: string[] = [];
  let left = LAUNCHES_IN_ALL_MAX;
  for (const [symbol, ids] of launches) {
    const candidates = found.filter((one) => one.symbol === symbol);
    const [first] = candidates;
    // Which of several ran cannot be told.
    const isSure = new Set(candidates.map(({ sha256 }) => sha256)).size === 1;
    if (!first || !isSure || kernels.length >= KERNELS_MAX || Math.min(ids.length, LAUNCHES_MAX) > left) {
      unknown.push(symbol);
      continue;
    }
    const listed = ids.slice(0, LAUNCHES_MAX);
    left -= listed.length;
    kernels.push({ launches: listed, architecture: first.architecture, sha256: first.sha256, file: first.file });
  }
  if (unknown.length === 0) return { kernels, kernelsUnknown: "" };
  const several = unknown.some((symbol) => found.some((one) => one.symbol === symbol));
  const why = [...problems, ...(several ? ["in several versions, or too many kernels"] : [])].slice(0, 2).join("; ");
  return { kernels, kernelsUnknown: `${unknown.length} of ${launches.size} kernels have no hash: ${why}` };
}

function none(why: string): ProfiledKernels {
  return { kernels: [], kernelsUnknown: why };
}
