import { hash } from "node:crypto";
import { NO_POLICY } from "@kiln/gate";
import type { Actor } from "../domain/audit.ts";
import { selfComparisonPlan } from "../domain/measure/self-comparison.ts";
import { formatRunId } from "../domain/run-id.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Store } from "../ports/store.ts";
import type { SelfCompareOutcome } from "./api.ts";
import type { EarlierResultsFinder } from "./earlier-results.ts";
import { recordRun, type RecordParts } from "./record-run.ts";

interface SelfCompareParts extends RecordParts {
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly earlier: EarlierResultsFinder;
  /** Whether the queue takes so many jobs more; the limit when it does not. */
  readonly queueLimit: (jobs: number) => number | null;
}

/** After everything that people wait for. */
const PRIORITY = -100;

/**
 * Queues a run whose bench jobs measure the files of run `of` against
 * themselves. Its builds are those of `of` where their wheels are kept; it is no
 * release, and nothing is ever compared with it.
 */
export async function compareWithItself(
  { store, blobs, earlier, queueLimit, ...record }: SelfCompareParts,
  of: number,
  by: Actor,
): Promise<SelfCompareOutcome> {
  const row = await store.run(of);
  if (!row) return { ok: false, reason: "no-such-run" };
  const name = formatRunId(of);
  const cannot = (detail: string): SelfCompareOutcome => ({ ok: false, reason: "cannot-compare", detail });
  if (row.state !== "finished") return cannot(`${name} is ${row.state}: compare it with itself when it has ended`);
  const whole = await record.plans.get(of);
  if (row.selfComparisonOf !== null)
    return cannot(`${name} compares a release with itself already: name that release's run`);
  const plan = selfComparisonPlan(whole, (text) => hash("sha256", text));
  if (!plan) return cannot(`${name} has no bench jobs: its spec has no bench: for that release`);
  if ((await blobs.size(row.source.sha256)) !== row.source.sizeBytes) {
    return cannot(`the source of ${name} was removed: submit it again, and compare that run`);
  }
  const found = await earlier.find(row.candidate.name, plan, "builds");
  const results = found.ok ? found.results : new Map();
  const limit = queueLimit(plan.jobs.length - results.size);
  if (limit !== null) return { ok: false, reason: "queue-full", limit };
  const candidate = { ...row.candidate, origin: `${name} against itself` };
  const run = await recordRun(record, {
    submitted: { submissionId: null, candidate, source: row.source, priority: PRIORITY, selfComparisonOf: of },
    ...{ plan, policy: NO_POLICY, results, by },
  });
  return { ok: true, run };
}
