import { COMPARE_POLICY } from "@kiln/gate";
import type { Plan } from "@kiln/matrix";
import { compareJobs, type MeasuredJob, type RunComparisons } from "../domain/measure/comparisons.ts";
import { attemptsMeasured, type MeasuredAttempt } from "../domain/measure/measured-attempts.ts";
import type { Texts } from "../domain/measure/read-pairs.ts";
import type { JobRow } from "../domain/rows.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Store } from "../ports/store.ts";

/** Of one file; the reader has a limit of its own. */
const FILE_BYTES_MAX = 64 * 1024 ** 2;

/** Reads what the bench jobs of a run measured, and compares it. */
export class RunMeasurements {
  readonly #store: Store;
  readonly #blobs: BlobStore;

  constructor(parts: { readonly store: Store; readonly blobs: BlobStore }) {
    this.#store = parts.store;
    this.#blobs = parts.blobs;
  }

  /** `rows` in the order of the plan. Null for a run whose plan has no benchmarks. */
  async of(run: number, plan: Plan, rows: readonly Pick<JobRow, "outcome">[]): Promise<RunComparisons | null> {
    const jobs: MeasuredJob[] = [];
    let planned = 0;
    for (const [index, job] of plan.jobs.entries()) {
      if (job.kind !== "bench") continue;
      planned += 1;
      if (rows[index]?.outcome !== "passed") continue;
      const measured = attemptsMeasured(await this.#store.attempts(run, index));
      const attempts = await Promise.all(
        measured.map(async (attempt) => ({ ...attempt, texts: await this.#textsOf(attempt) })),
      );
      jobs.push({ index, job, attempts });
    }
    return planned === 0 ? null : compareJobs(jobs, COMPARE_POLICY);
  }

  async #textsOf({ attempt, report }: MeasuredAttempt): Promise<Texts> {
    const wanted = new Set(report.processes.flatMap(({ files }) => files));
    const texts = new Map<string, string>();
    for (const { role, blob } of attempt.artifacts) {
      if (role !== "benchmark" || !wanted.has(blob.filename) || blob.sizeBytes > FILE_BYTES_MAX) continue;
      if ((await this.#blobs.size(blob.sha256)) === null) continue;
      const chunks: Buffer[] = [];
      for await (const chunk of this.#blobs.read(blob.sha256)) chunks.push(chunk as Buffer);
      texts.set(blob.filename, Buffer.concat(chunks).toString("utf8"));
    }
    return texts;
  }
}
