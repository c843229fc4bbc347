import { Type } from "typebox";
import { parseRunId } from "../../domain/run-id.ts";
import { HttpProblem } from "./problem.ts";

export const RunParams = Type.Object({ run: Type.String({ description: "The run's name, for example r12" }) });

export const JobParams = Type.Object({
  ...RunParams.properties,
  job: Type.String({ description: "The job's name, for example build-cp312-linux-x86_64" }),
});

/** Throws the problem `no-such-run` for what cannot be a run's name. */
export function runNumber(name: string): number {
  const run = parseRunId(name);
  if (run === null) {
    const detail = `${JSON.stringify(name.slice(0, 100))} is not a run's name; runs are called r1, r2, …`;
    throw new HttpProblem("no-such-run", detail);
  }
  return run;
}

export function noSuchRun(run: string): HttpProblem {
  return new HttpProblem("no-such-run", `there is no run ${run}; GET /api/v1/runs lists them`);
}

export function noSuchJob(run: string, job: string): HttpProblem {
  return new HttpProblem(
    "no-such-job",
    `there is no job ${JSON.stringify(job)} in ${run}; GET /api/v1/runs/${run} lists them`,
  );
}
