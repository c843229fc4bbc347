import { Type } from "typebox";
import type { AttemptLogInfo, RunQueries } from "../../services/api.ts";
import type { App, RouteContext } from "./http-deps.ts";
import type { LiveStream } from "./live-stream.ts";
import { JobParams, noSuchJob, noSuchRun, runNumber } from "./params.ts";
import { HttpProblem } from "./problem.ts";
import { responses } from "./responses.ts";

const READ_BYTES_MAX = 256 * 1024;

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
          "too-many-streams",
        ),
      },
    },
    async (request, reply) => {
      const { run: runName, job } = request.params;
      const { attempt = null, offset = 0, follow } = request.query;
      const log: Asked = { run: runNumber(runName), job, offset };
      const info = await context.queries.attemptLog(log.run, job, attempt);
      if (!info) throw await whatIsMissing(context.queries, log, runName, attempt);

      const endBytes = info.finished ? info.logBytes : await context.logs.size(info.key);
      const live = follow === "1" && !info.finished;
      const stream = context.logStreams.open(reply, {
        "Content-Type": "application/octet-stream",
        "Cache-Control": "no-store",
        "X-Kiln-Attempt": info.key.attempt,
        "X-Kiln-Log-Bytes": endBytes,
        ...(live ? { Connection: "close" } : { "Content-Length": Math.max(0, endBytes - offset) }),
      });
      try {
        if (live) await follow_(stream, context, log, info);
        else await sendUpTo(stream, context, info, { offset, endBytes });
        stream.end();
      } catch (cause) {
        request.log.error({ err: cause, ...info.key }, "a log could not be read any longer");
        stream.break();
      }
      return reply;
    },
  );
}

interface Asked {
  readonly run: number;
  readonly job: string;
  readonly offset: number;
}
