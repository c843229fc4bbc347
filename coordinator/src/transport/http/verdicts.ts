import { ApproveBody, RunView, VerdictView, WaiveBody } from "@kiln/proto";
import type { FastifyRequest } from "fastify";
import { roleOf } from "../../domain/principal.ts";
import { formatRunId } from "../../domain/run-id.ts";
import type { Decider } from "../../domain/verdict/decision.ts";
import type { SelfCompareOutcome } from "../../services/api.ts";
import type { VerdictOutcome } from "../../services/verdict/verdicts.ts";
import { people } from "./access.ts";
import { actorOf } from "./auth.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { noSuchRun, runNumber, RunParams } from "./params.ts";
import { HttpProblem } from "./problem.ts";
import { queueFull } from "./queue-full.ts";
import { json, responses } from "./responses.ts";
import { cutSlowBodies } from "./slow-bodies.ts";

/** May a candidate be released, on what evidence, and what people decide about it. */
export function verdictRoutes(app: App, context: RouteContext): void {
  const { verdicts, limits } = context;
  app.addHook("preParsing", cutSlowBodies(limits.jsonBodyTimeoutMs));
  const schema = { tags: ["runs"], params: RunParams };
  const found = { 200: json("The verdict, with the approvals and waivers of this moment", VerdictView) };
  const refusals = ["no-such-run", "not-judged", "cannot-decide", "too-large", "unsupported-media-type"] as const;
  const decided = responses(found, "unauthorized", ...refusals);

  app.get(
    "/runs/:run/verdict",
    {
      config: people("viewer"),
      schema: {
        ...schema,
        operationId: "getVerdict",
        summary: "Show a finished run's verdict: every gate with its evidence",
        response: responses(found, "unauthorized", "no-such-run", "not-judged"),
      },
    },
    async (request): Promise<VerdictView> => {
      const run = runNumber(request.params.run);
      return answer(await verdicts.verdict(run), run);
    },
  );

  app.post(
    "/runs/:run/approvals",
    {
      config: people("releaser"),
      schema: {
        ...schema,
        operationId: "approveRun",
        summary:
          "Approve a candidate by its digest, as the token's name and role; it is judged again at once, no job is run",
        body: ApproveBody,
        response: decided,
      },
    },
    async (request): Promise<VerdictView> => {
      const run = runNumber(request.params.run);
      return answer(await verdicts.approve(run, request.body, decider(request)), run);
    },
  );

  app.post(
    "/runs/:run/waivers",
    {
      config: people("releaser"),
      schema: {
        ...schema,
        operationId: "waiveGate",
        summary: "Answer for one gate of a candidate until a day; it is judged again at once, no job is run",
        body: WaiveBody,
        response: decided,
      },
    },
    async (request): Promise<VerdictView> => {
      const run = runNumber(request.params.run);
      return answer(await verdicts.waive(run, request.body, decider(request)), run);
    },
  );
  selfComparisonRoute(app, context);
}

function selfComparisonRoute(app: App, { commands, queries }: RouteContext): void {
  const refusals = ["no-such-run", "cannot-compare", "queue-full"] as const;
  app.post(
    "/runs/:run/self-comparisons",
    {
      config: people("submitter"),
      schema: {
        tags: ["runs"],
        params: RunParams,
        operationId: "compareRunWithItself",
        summary: "Measure a finished run's files against themselves (A/A): how often the benchmark gate is wrong",
        response: responses({ 201: json("The run that does it", RunView) }, "unauthorized", ...refusals),
      },
    },
    async (request, reply): Promise<RunView> => {
      const run = runNumber(request.params.run);
      const outcome = await commands.compareWithItself(run, actorOf(request));
      if (!outcome.ok) throw refused(outcome, run);
      const view = await queries.run(outcome.run);
      if (!view) throw noSuchRun(formatRunId(outcome.run));
      reply.code(201).header("Location", `/api/v1/runs/${view.run}`);
      return view;
    },
  );
}

function refused(outcome: SelfCompareOutcome & { readonly ok: false }, run: number): HttpProblem {
  switch (outcome.reason) {
    case "no-such-run":
      return noSuchRun(formatRunId(run));
    case "cannot-compare":
      return new HttpProblem("cannot-compare", outcome.detail);
    case "queue-full":
      return queueFull(outcome.limit);
  }
}

/** Who asks, as the farm knows them: nothing of it is from the body. */
function decider(request: FastifyRequest): Decider {
  const role = roleOf(request.principal);
  if (role === null) throw new Error("a route for people let somebody in who has no role");
  return { ...actorOf(request), role };
}

function answer(outcome: VerdictOutcome, run: number): VerdictView {
  if (outcome.ok) return outcome.view;
  switch (outcome.reason) {
    case "no-such-run":
      throw noSuchRun(formatRunId(run));
    case "not-judged":
    case "cannot-decide":
      throw new HttpProblem(outcome.reason, outcome.detail);
  }
}
