import { RetryRunBody, RunSummary, RunView, SubmitRunBody } from "@kiln/proto";
import { Type } from "typebox";
import { formatRunId } from "../../domain/run-id.ts";
import type { RunCommandOutcome, RunQueries, SubmitOutcome } from "../../services/api.ts";
import type { PinOutcome } from "../../ports/retention-store.ts";
import { people } from "./access.ts";
import { actorOf } from "./auth.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { cutSlowBodies } from "./slow-bodies.ts";
import { noSuchRun, runNumber, RunParams } from "./params.ts";
import { gone } from "./gone.ts";
import { HttpProblem } from "./problem.ts";
import { queueFull } from "./queue-full.ts";
import { json, responses } from "./responses.ts";

const RUNS_PER_PAGE_MAX = 200;

const ListQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: RUNS_PER_PAGE_MAX, default: 50 })),
    before: Type.Optional(Type.String({ description: "Only runs older than this one, for example r12" })),
  },
  { additionalProperties: false },
);

const RunList = Type.Object({ runs: Type.Array(RunSummary, { description: "Newest first" }) });

/** Submitting, listing, showing, cancelling and retrying runs. */
export function runRoutes(app: App, context: RouteContext): void {
  app.addHook("preParsing", cutSlowBodies(context.limits.jsonBodyTimeoutMs));
  collectionRoutes(app, context);
  runRoute(app, context);
  pinRoutes(app, context);
}

function collectionRoutes(app: App, { commands, queries }: RouteContext): void {
  app.post(
    "/runs",
    {
      config: people("submitter"),
      schema: {
        operationId: "submitRun",
        summary: "Submit a release candidate whose source was uploaded as a blob",
        tags: ["runs"],
        body: SubmitRunBody,
        response: responses(
          {
            201: json("The run was created", RunView),
            200: json("This submissionId was seen before: the run that it created", RunView),
          },
          "unauthorized",
          "bad-spec",
          "source-missing",
          "cannot-reuse",
          "too-large",
          "unsupported-media-type",
          "queue-full",
        ),
      },
    },
    async (request, reply): Promise<RunView> => {
      const outcome = await commands.submit(request.body, actorOf(request));
      if (!outcome.ok) throw refusedSubmission(outcome, request.body.specFile);
      const view = await existingRun(queries, outcome.run);
      reply.code(outcome.created ? 201 : 200).header("Location", `/api/v1/runs/${view.run}`);
      return view;
    },
  );

  app.get(
    "/runs",
    {
      config: people("viewer"),
      schema: {
        operationId: "listRuns",
        summary: "List runs, newest first",
        tags: ["runs"],
        querystring: ListQuery,
        response: responses({ 200: json("A page of runs", RunList) }, "unauthorized", "no-such-run"),
      },
    },
    async (request) => {
      const { limit = 50, before } = request.query;
      return { runs: await queries.runs(limit, before === undefined ? null : runNumber(before)) };
    },
  );
}

function runRoute(app: App, { commands, queries }: RouteContext): void {
  app.get(
    "/runs/:run",
    {
      config: people("viewer"),
      schema: {
        operationId: "getRun",
        summary: "Show a run with its cells and jobs",
        tags: ["runs"],
        params: RunParams,
        response: responses({ 200: json("The run", RunView) }, "unauthorized", "no-such-run"),
      },
    },
    (request): Promise<RunView> => existingRun(queries, runNumber(request.params.run)),
  );

  app.post(
    "/runs/:run/cancel",
    {
      config: people("submitter"),
      schema: {
        operationId: "cancelRun",
        summary: "Cancel every job that is not finished; changes nothing when the run is",
        tags: ["runs"],
        params: RunParams,
        response: responses({ 200: json("The run", RunView) }, "unauthorized", "no-such-run"),
      },
    },
    async (request): Promise<RunView> => {
      const run = runNumber(request.params.run);
      expectDone(await commands.cancel(run, actorOf(request)), run);
      return existingRun(queries, run);
    },
  );

  app.post(
    "/runs/:run/retry",
    {
      config: people("submitter"),
      schema: {
        operationId: "retryRun",
        summary: "Try every finished job that did not pass again",
        tags: ["runs"],
        params: RunParams,
        body: RetryRunBody,
        response: responses(
          { 200: json("The run", RunView) },
          "unauthorized",
          "no-such-run",
          "nothing-to-retry",
          "gone",
          "too-large",
          "unsupported-media-type",
        ),
      },
    },
    async (request): Promise<RunView> => {
      const run = runNumber(request.params.run);
      expectDone(await commands.retryFailed(run, actorOf(request)), run);
      return existingRun(queries, run);
    },
  );
}

async function existingRun(queries: RunQueries, run: number): Promise<RunView> {
  const view = await queries.run(run);
  if (!view) throw noSuchRun(formatRunId(run));
  return view;
}

/** Pinned runs keep their blobs and logs, however old they are. */
function pinRoutes(app: App, { retention, queries, audit }: RouteContext): void {
  const answer = async (outcome: PinOutcome, run: number): Promise<RunView> => {
    if (outcome === "no-such-run") throw noSuchRun(formatRunId(run));
    const view = await existingRun(queries, run);
    if (outcome === "bytes-gone") throw runGone(view);
    return view;
  };
  const schema = { tags: ["runs"], params: RunParams };
  const pinned = responses({ 200: json("The run", RunView) }, "unauthorized", "no-such-run", "gone");
  const pin = { ...schema, operationId: "pinRun", summary: "Keep a run's blobs and logs, however old it gets" };
  app.put("/runs/:run/pin", { config: people("releaser"), schema: { ...pin, response: pinned } }, async (request) => {
    const run = runNumber(request.params.run);
    return answer(
      await retention.pin(run, audit.entry(actorOf(request), { what: "run.pin", object: formatRunId(run) })),
      run,
    );
  });
  const unpinned = responses({ 200: json("The run", RunView) }, "unauthorized", "no-such-run");
  const unpin = { ...schema, operationId: "unpinRun", summary: "Let a run's blobs and logs go when they are old" };
  app.delete(
    "/runs/:run/pin",
    { config: people("releaser"), schema: { ...unpin, response: unpinned } },
    async (request) => {
      const run = runNumber(request.params.run);
      return answer(
        await retention.unpin(run, audit.entry(actorOf(request), { what: "run.unpin", object: formatRunId(run) })),
        run,
      );
    },
  );
}

function runGone({ run, bytesGone }: RunView): HttpProblem {
  return gone(`the blobs and logs of ${run}`, bytesGone ?? { atMs: 0, rule: "" });
}

function expectDone(outcome: RunCommandOutcome, run: number): void {
  if (outcome.ok) return;
  switch (outcome.reason) {
    case "no-such-run":
      throw noSuchRun(formatRunId(run));
    case "bytes-gone":
      throw new HttpProblem(
        "gone",
        `${formatRunId(run)} cannot be tried again, its source or its wheels were removed: ${outcome.rule}; submit it anew`,
      );
    case "nothing-to-retry":
      throw new HttpProblem("nothing-to-retry", `no finished job of ${formatRunId(run)} failed`);
  }
}

function refusedSubmission(outcome: SubmitOutcome & { readonly ok: false }, specFile: string): HttpProblem {
  switch (outcome.reason) {
    case "bad-spec": {
      const count = outcome.problems.length === 1 ? "one mistake" : `${outcome.problems.length} mistakes`;
      return new HttpProblem("bad-spec", `${specFile || "the spec"} has ${count}; nothing was submitted`, {
        problems: outcome.problems,
      });
    }
    case "cannot-reuse":
      return new HttpProblem("cannot-reuse", outcome.detail);
    case "source-missing":
      return new HttpProblem(
        "source-missing",
        `upload the source first: PUT /api/v1/blobs/${outcome.sha256}, then submit again`,
      );
    case "source-too-large":
      return new HttpProblem(
        "too-large",
        `the source of a run may have ${outcome.limitBytes} bytes (limit source-bytes, KILN_SOURCE_BYTES_MAX)`,
      );
    case "queue-full":
      return queueFull(outcome.limit);
  }
}
