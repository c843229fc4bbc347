import { CreatedToken, CreateTokenBody, TokenView } from "@kiln/proto";
import { Type } from "typebox";
import { isExpired, type ApiTokenRow } from "../../domain/api-token.ts";
import { people } from "./access.ts";
import { actorOf } from "./auth.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { HttpProblem } from "./problem.ts";
import { json, responses } from "./responses.ts";
import { cutSlowBodies } from "./slow-bodies.ts";

const TokenList = Type.Object({ tokens: Type.Array(TokenView) });

/** Tokens of people and scripts. */
export function tokenRoutes(app: App, { apiTokens, clock, limits }: RouteContext): void {
  app.addHook("preParsing", cutSlowBodies(limits.jsonBodyTimeoutMs));
  app.get(
    "/tokens",
    {
      config: people("operator"),
      schema: {
        operationId: "listTokens",
        summary: "List the API tokens, those that have expired too",
        tags: ["people"],
        response: responses({ 200: json("By name", TokenList) }, "unauthorized"),
      },
    },
    async () => ({ tokens: apiTokens.list().map((row) => tokenView(row, clock.nowMs())) }),
  );

  app.post(
    "/tokens",
    {
      config: people("operator"),
      schema: {
        operationId: "createToken",
        summary: "Make an API token",
        tags: ["people"],
        body: CreateTokenBody,
        response: responses(
          { 201: json("The token, which is told this once", CreatedToken) },
          ...(["unauthorized", "name-taken", "too-many-kept", "too-large", "unsupported-media-type"] as const),
        ),
      },
    },
    async (request, reply): Promise<CreatedToken> => {
      const { name, role, expiresInMs = null } = request.body;
      const outcome = await apiTokens.create({ name, role, lifetimeMs: expiresInMs }, actorOf(request));
      if (outcome.ok) {
        void reply.code(201).header("Cache-Control", "no-store");
        return { ...tokenView(outcome.row, clock.nowMs()), token: outcome.token };
      }
      if (outcome.reason === "name-taken") {
        const detail = `there is a token ${name} already: take another name, or revoke that one with \`kiln token revoke ${name}\``;
        throw new HttpProblem("name-taken", detail);
      }
      throw new HttpProblem("too-many-kept", `the farm has ${outcome.limit} tokens: revoke those that nobody uses`);
    },
  );

  app.delete(
    "/tokens/:name",
    {
      config: people("operator"),
      schema: {
        operationId: "revokeToken",
        summary: "Revoke an API token, at once",
        tags: ["people"],
        params: Type.Object({ name: Type.String({ maxLength: 200 }) }),
        response: responses({ 204: { description: "It opens nothing any more" } }, "unauthorized", "no-such-token"),
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      if (await apiTokens.revoke(name, actorOf(request))) return reply.code(204).send();
      throw new HttpProblem(
        "no-such-token",
        `there is no token ${JSON.stringify(name)}; GET /api/v1/tokens lists them`,
      );
    },
  );
}

function tokenView(row: ApiTokenRow, nowMs: number): TokenView {
  const { name, role, createdAtMs, createdBy, expiresAtMs, usedAtMs } = row;
  return { name, role, createdAtMs, createdBy, expiresAtMs, usedAtMs, expired: isExpired(row, nowMs) };
}
