import type { FastifyReply, FastifyRequest } from "fastify";
import { Type, type Static } from "typebox";
import { gone } from "./gone.ts";
import { startOfTail, TAIL_BYTES_MAX } from "../../services/log-tail.ts";
import { parseByteRange } from "./byte-range.ts";
import { people } from "./access.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { JobParams, runNumber } from "./params.ts";
import { noSuchLog } from "./no-such-log.ts";
import { HttpProblem } from "./problem.ts";
import { responses } from "./responses.ts";
import { followLog, sendLog } from "./send-log.ts";

const LogQuery = Type.Object(
  {
    attempt: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: "The newest when absent" })),
    offset: Type.Optional(Type.Integer({ minimum: 0, default: 0, description: "Where to begin, in bytes" })),
    limit: Type.Optional(Type.Integer({ minimum: 1, description: "How many bytes at most; not with follow" })),
    tail: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description: `Begin with the last lines, so many, or as many as are in the last ${TAIL_BYTES_MAX / 1024 ** 2} MiB; not with offset`,
      }),
    ),
    follow: Type.Optional(
      Type.Enum(["0", "1"], { description: "1: go on until the attempt has ended and everything was sent" }),
    ),
  },
  { additionalProperties: false },
);

const Headers = {
  "X-Kiln-Attempt": Type.Integer({ minimum: 1, description: "Whose log this is" }),
  "X-Kiln-Log-Offset": Type.Integer({ minimum: 0, description: "Where in the log the answer begins" }),
  "X-Kiln-Log-Bytes": Type.Integer({ minimum: 0, description: "How long the log was when the answer began" }),
};

/** The output of an attempt: raw bytes, from any offset, live if asked. */
export function jobLogRoutes(app: App, context: RouteContext): void {
  app.get(
    "/runs/:run/jobs/:job/log",
    {
      config: people("viewer"),
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
            206: {
              description: "The part that `Range` asked for",
              headers: Headers,
              content: { "application/octet-stream": { schema: Type.Unsafe<Buffer>({}) } },
            },
          },
          "unauthorized",
          "no-such-run",
          "no-such-job",
          "no-such-attempt",
          "gone",
          "range-not-satisfiable",
          "too-many-streams",
        ),
      },
    },
    (request, reply) => answerLog(request, reply, context),
  );
}

type LogRequest = FastifyRequest<{ Params: Static<typeof JobParams>; Querystring: Static<typeof LogQuery> }>;

async function answerLog(request: LogRequest, reply: FastifyReply, context: RouteContext): Promise<FastifyReply> {
  const { run: runName, job } = request.params;
  const { attempt = null, offset = 0, limit, tail, follow } = request.query;
  refuseContradictions(request.query);
  const run = runNumber(runName);
  const info = await context.queries.attemptLog(run, job, attempt);
  if (!info) throw await noSuchLog(context.queries, request.params, attempt);

  const { key } = info;
  const sizeBytes = info.finished ? info.logBytes : await context.logs.size(key);
  if (info.expired && info.finished && (await context.logs.size(key)) < info.logBytes) {
    throw gone(`the log of attempt ${key.attempt} at ${job} of ${runName}`, info.expired);
  }
  const range = partOf(request, sizeBytes);
  const start = range?.start ?? (tail === undefined ? offset : await startOfTail(context.logs, key, sizeBytes, tail));
  const endBytes = range ? range.end + 1 : Math.min(sizeBytes, start + (limit ?? Infinity));
  const live = follow === "1" && !info.finished && !range;
  const headers = {
    "Content-Type": "application/octet-stream",
    "Cache-Control": "no-store",
    "Accept-Ranges": "bytes",
    "X-Kiln-Attempt": key.attempt,
    "X-Kiln-Log-Bytes": sizeBytes,
    "X-Kiln-Log-Offset": start,
    ...(range ? { "Content-Range": `bytes ${range.start}-${range.end}/${sizeBytes}` } : {}),
    ...(live ? { Connection: "close" } : { "Content-Length": Math.max(0, endBytes - start) }),
  };
  const stream = context.logStreams.open(reply, headers, range ? 206 : 200);
  try {
    if (live) await followLog(stream, context, { key, run, job, offset: start });
    else await sendLog(stream, context.logs, key, { offset: start, endBytes });
    stream.end();
  } catch (cause) {
    request.log.error({ err: cause, ...key }, "a log could not be read any longer");
    stream.break();
  }
  return reply;
}

function refuseContradictions({ offset, limit, tail, follow }: Static<typeof LogQuery>): void {
  // An offset of 0 may be the schema's default.
  if (tail !== undefined && offset !== undefined && offset > 0) {
    throw new HttpProblem("invalid-request", "give tail or offset, not both");
  }
  if (limit !== undefined && follow === "1") {
    throw new HttpProblem("invalid-request", "give limit or follow, not both");
  }
}

/** What `Range` asks for; null when it asks for nothing, or the query says where to begin. */
function partOf(request: LogRequest, sizeBytes: number): { readonly start: number; readonly end: number } | null {
  const { offset, limit, tail } = request.query;
  if ((offset ?? 0) > 0 || limit !== undefined || tail !== undefined) return null;
  const range = parseByteRange(request.headers.range, sizeBytes);
  if (range.kind === "whole") return null;
  if (range.kind === "part") return range;
  throw new HttpProblem("range-not-satisfiable", `the log has ${sizeBytes} bytes so far`, {
    headers: { "Content-Range": `bytes */${sizeBytes}` },
  });
}
