import { JobView } from "@kiln/proto";
import { people } from "./access.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { JobParams, noSuchJob, noSuchRun, runNumber } from "./params.ts";
import { json, responses } from "./responses.ts";

/** Showing one job of a run with every attempt at it. */
export function jobRoutes(app: App, { queries }: RouteContext): void {
  app.get(
    "/runs/:run/jobs/:job",
    {
      config: people("viewer"),
      schema: {
        operationId: "getJob",
        summary: "Show a job with every attempt at it",
        tags: ["jobs"],
        params: JobParams,
        response: responses({ 200: json("The job", JobView) }, "unauthorized", "no-such-run", "no-such-job"),
      },
    },
    async (request): Promise<JobView> => {
      const { run, job } = request.params;
      const view = await queries.job(runNumber(run), job);
      if (view) return view;
      throw (await queries.run(runNumber(run))) ? noSuchJob(run, job) : noSuchRun(run);
    },
  );
}
