import { SecretView, SetSecretBody } from "@kiln/proto";
import { Type } from "typebox";
import type { JobSecretRow } from "../../domain/job-secret.ts";
import type { SetSecretOutcome } from "../../services/job-secrets.ts";
import { people } from "./access.ts";
import { actorOf } from "./auth.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { HttpProblem } from "./problem.ts";
import { json, responses } from "./responses.ts";
import { cutSlowBodies } from "./slow-bodies.ts";

const SecretList = Type.Object({ secrets: Type.Array(SecretView) });
const SecretParams = Type.Object({ name: Type.String({ maxLength: 200 }) });
const ProjectQuery = Type.Object(
  { project: Type.Optional(Type.String({ maxLength: 200, description: "That of this project; absent: that of all" })) },
  { additionalProperties: false },
);

/** Secrets for jobs: set, listed without their values, removed. Nothing here gives a value out. */
export function secretRoutes(app: App, context: RouteContext): void {
  app.addHook("preParsing", cutSlowBodies(context.limits.jsonBodyTimeoutMs));
  readRoute(app, context);
  changeRoutes(app, context);
}

function readRoute(app: App, { secrets }: RouteContext): void {
  app.get(
    "/secrets",
    {
      config: people("operator"),
      schema: {
        operationId: "listSecrets",
        summary: "List the secrets for jobs, without their values",
        tags: ["people"],
        response: responses({ 200: json("By name, then project", SecretList) }, "unauthorized"),
      },
    },
    async () => ({ secrets: secrets.list().map((row) => secretView(row, row.readable)) }),
  );
}

function changeRoutes(app: App, { secrets }: RouteContext): void {
  app.put(
    "/secrets/:name",
    {
      config: people("operator"),
      schema: {
        operationId: "setSecret",
        summary: "Set a secret for jobs, or its new value",
        tags: ["people"],
        params: SecretParams,
        body: SetSecretBody,
        response: responses(
          { 200: json("It is set, for jobs that start from now on", SecretView) },
          ...(["unauthorized", "secret-refused", "no-secrets-key"] as const),
          ...(["too-many-kept", "too-large", "unsupported-media-type"] as const),
        ),
      },
    },
    async (request): Promise<SecretView> => {
      const { value, project = null } = request.body;
      const outcome = await secrets.set({ name: request.params.name, project, value }, actorOf(request));
      if (!outcome.ok) throw refusal(outcome);
      return secretView(outcome.row, true);
    },
  );

  app.delete(
    "/secrets/:name",
    {
      config: people("operator"),
      schema: {
        operationId: "removeSecret",
        summary: "Remove a secret for jobs",
        tags: ["people"],
        params: SecretParams,
        querystring: ProjectQuery,
        response: responses({ 204: { description: "It is removed" } }, "unauthorized", "no-such-secret"),
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { project = null } = request.query;
      if (await secrets.remove({ name, project }, actorOf(request))) return reply.code(204).send();
      const whose = project === null ? "for all projects" : `for ${JSON.stringify(project)}`;
      const detail = `there is no secret ${JSON.stringify(name)} ${whose}; GET /api/v1/secrets lists them`;
      throw new HttpProblem("no-such-secret", detail);
    },
  );
}

function refusal(outcome: SetSecretOutcome & { readonly ok: false }): HttpProblem {
  switch (outcome.reason) {
    case "refused":
      return new HttpProblem("secret-refused", outcome.detail);
    case "no-key":
      return new HttpProblem("no-secrets-key", outcome.detail);
    case "too-many":
      return new HttpProblem("too-many-kept", `the farm has ${outcome.limit} secrets: remove those that no job names`);
  }
}

function secretView({ name, project, setAtMs, setBy }: JobSecretRow, readable: boolean): SecretView {
  return { name, project, setAtMs, setBy, readable };
}
