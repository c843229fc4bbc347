import { Type } from "typebox";
import type { RunQueries } from "../../services/api.ts";
import { gone } from "./gone.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { JobParams, noSuchJob, noSuchRun, runNumber } from "./params.ts";
import { HttpProblem } from "./problem.ts";
import { responses } from "./responses.ts";
import { followLog, sendLog } from "./send-log.ts";

const LogQuery = Type.Object(
  {
    attempt: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: "The newest when absent" })),
    offset: Type.Optional(Type.Integer({ minimum: 0, default: 0, description: "Where to begin, in bytes" })),
    follow: Type.Optional(
      Type.Enum(["0", "1"], { description: "1: go on until the attempt has ended and everything was sent" }),
    ),
  },
  { additionalProperties: false },
);

const Headers = {
  "X-Kiln-Attempt": Type.Integer({ minimum: 1, description: "Whose log this is" }),
  "X-Kiln-Log-Bytes": Type.Integer({ minimum: 0, description: "How long the log was when the answer began" }),
};

/** The output of an attempt: raw bytes, from any offset, live if asked. */
export function jobLogRoutes(app: App, context: RouteContext): void {
  app.get(
    "/runs/:run/jobs/:job/log",
    {
      schema: {
        operationId: "getJobLog",
        summary: "Read the log of an attempt",
        description:
          "Raw bytes, standard output and error as they came. While an attempt lives, its log may show bytes that " +
          "are not durable yet; once it has ended, exactly those that were acknowledged.",
        tags: ["jobs"],
        params: JobParams,
        querystring: LogQuery,
        response: responses(
          {
            200: {
              description: "The log from the offset on; empty when the offset is at or past its end",
              headers: Headers,
              content: { "application/octet-stream": { schema: Type.Unsafe<Buffer>({}) } },
            },
          },
          "unauthorized",
          "no-such-run",
          "no-such-job",
          "no-such-attempt",
          "gone",
          "too-many-streams",
        ),
      },
    },
    async (request, reply) => {
      const { run: runName, job } = request.params;
      const { attempt = null, offset = 0, follow } = request.query;
      const run = runNumber(runName);
      const info = await context.queries.attemptLog(run, job, attempt);
      if (!info) throw await whatIsMissing(context.queries, request.params, attempt);

      const { key } = info;
      const endBytes = info.finished ? info.logBytes : await context.logs.size(key);
      if (info.expired && info.finished && (await context.logs.size(key)) < info.logBytes) {
        throw gone(`the log of attempt ${key.attempt} at ${job} of ${runName}`, info.expired);
      }
      const live = follow === "1" && !info.finished;
      const stream = context.logStreams.open(reply, {
        "Content-Type": "application/octet-stream",
        "Cache-Control": "no-store",
        "X-Kiln-Attempt": key.attempt,
        "X-Kiln-Log-Bytes": endBytes,
        ...(live ? { Connection: "close" } : { "Content-Length": Math.max(0, endBytes - offset) }),
      });
      try {
        if (live) await followLog(stream, context, { key, run, job, offset });
        else await sendLog(stream, context.logs, key, { offset, endBytes });
        stream.end();
      } catch (cause) {
        request.log.error({ err: cause, ...key }, "a log could not be read any longer");
        stream.break();
      }
      return reply;
    },
  );
}

async function whatIsMissing(
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
