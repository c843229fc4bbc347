import { describeProblem, NCU_METRICS, readNcuCsv, type KernelProfile, type ProfileFact } from "@kiln/gate";
import type { PlannedProfile } from "@kiln/matrix";
import type { KernelBinary } from "@kiln/proto";
import type { MeasuredAttempt } from "./measured-attempts.ts";
import type { Texts } from "./read-pairs.ts";

export type ProfileRead =
  | { readonly ok: true; readonly fact: ProfileFact }
  /** Names the file and the place. */
  | { readonly ok: false; readonly problem: string };

/** What a profile job's newest attempt found of each kernel, and of the baseline's. */
export function readProfile(job: PlannedProfile, { report }: MeasuredAttempt, texts: Texts): ProfileRead {
  const arms: Partial<Record<"baseline" | "candidate", readonly KernelProfile[]>> = {};
  for (const { arm, files, kernels = [] } of report.processes) {
    const file = files.find((name) => name.endsWith(".csv"));
    if (file === undefined) return { ok: false, problem: `${job.name}: there is no table of the ${arm}'s kernels` };
    const text = texts.get(file) ?? "";
    const read = readNcuCsv({ file, text, metrics: namesIn(text) });
    if (!read.ok) return { ok: false, problem: `${job.name}: ${describeProblem(read.problem)}` };
    arms[arm] = withBinaries(read.kernels, kernels);
  }
  const { candidate, baseline } = arms;
  if (!candidate) return { ok: false, problem: `${job.name}: the candidate was not profiled` };
  const fact = { cell: job.cell, commit: null, candidate, baseline: baseline ?? null };
  // The wheel that the run built is what it profiles.
  return { ok: true, fact: { ...fact, isOfCandidate: true, baselineVersion: report.baseline } };
}

function withBinaries(launches: readonly KernelProfile[], kernels: readonly KernelBinary[]): readonly KernelProfile[] {
  const byLaunch = new Map(
    kernels.flatMap(({ launches: ids, architecture, sha256 }) =>
      ids.map((id) => [String(id), { architecture, sha256 }] as const),
    ),
  );
  return launches.map((launch) => {
    const binary = byLaunch.get(launch.id);
    return binary ? { ...launch, binary } : launch;
  });
}

/** Of each metric the name that the file has; one that it should have and has not stays asked for, and is then missing. */
function namesIn(text: string): readonly string[] {
  return NCU_METRICS.flatMap((names) => names.find((name) => text.includes(name)) ?? names[0]);
}
