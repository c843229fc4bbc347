import type { RunQueries } from "../../services/api.ts";
import { noSuchJob, noSuchRun, runNumber } from "./params.ts";
import { HttpProblem } from "./problem.ts";

/** What of it there is not: the run, the job, or the attempt. */
export async function noSuchLog(
  queries: RunQueries,
  { run, job }: { readonly run: string; readonly job: string },
  attempt: number | null,
): Promise<HttpProblem> {
  const found = await queries.job(runNumber(run), job);
  if (!found) return (await queries.run(runNumber(run))) ? noSuchJob(run, job) : noSuchRun(run);
  return new HttpProblem(
    "no-such-attempt",
    attempt === null
      ? `no attempt at ${job} of ${run} was made yet: ${found.summary || found.state}`
      : `there is no attempt ${attempt} at ${job} of ${run}; ${found.history.length} were made`,
  );
}
