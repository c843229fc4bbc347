import { Type } from "typebox";
import { people } from "./access.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { noSuchLog } from "./no-such-log.ts";
import { JobParams, runNumber } from "./params.ts";
import { json, responses } from "./responses.ts";

const TIMES_MAX = 10_000;

const TimesQuery = Type.Object(
  {
    attempt: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: "The newest when absent" })),
    from: Type.Optional(Type.Integer({ minimum: 0, default: 0, description: "A byte of the log" })),
  },
  { additionalProperties: false },
);

const LogTimes = Type.Object({
  attempt: Type.Integer({ minimum: 1 }),
  times: Type.Array(
    Type.Object({
      offset: Type.Integer({ minimum: 0 }),
      atMs: Type.Number({ description: "Unix time in milliseconds, by the agent's clock" }),
    }),
    { description: "The first is the one that holds at `from`; bytes came at the time of the last entry before them" },
  ),
  next: Type.Union([Type.Integer(), Type.Null()], { description: "Ask on from here; null: these were all so far" }),
});

/** When the bytes of a log came, to a tenth of a second or 64 KiB. */
export function logTimesRoute(app: App, context: RouteContext): void {
  app.get(
    "/runs/:run/jobs/:job/log/times",
    {
      config: people("viewer"),
      schema: {
        operationId: "getJobLogTimes",
        summary: "Tell when the bytes of a log came",
        tags: ["jobs"],
        params: JobParams,
        querystring: TimesQuery,
        response: responses(
          { 200: json("A page of times", LogTimes) },
          ...(["unauthorized", "no-such-run", "no-such-job", "no-such-attempt"] as const),
        ),
      },
    },
    async ({ params, query: { attempt = null, from = 0 } }) => {
      const info = await context.queries.attemptLog(runNumber(params.run), params.job, attempt);
      if (!info) throw await noSuchLog(context.queries, params, attempt);
      // One more than is given says whether there are more.
      const found = await context.logs.times(info.key, from, TIMES_MAX + 1);
      const next = found[TIMES_MAX]?.offset ?? null;
      return { attempt: info.key.attempt, times: [...found.slice(0, TIMES_MAX)], next };
    },
  );
}
