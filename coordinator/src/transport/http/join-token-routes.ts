import { JoinTokenBody, JoinTokenView, NewJoinToken } from "@kiln/proto";
import { Type } from "typebox";
import { people } from "./access.ts";
import { actorOf } from "./auth.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { HttpProblem } from "./problem.ts";
import { json, responses } from "./responses.ts";
import { cutSlowBodies } from "./slow-bodies.ts";

const TokenList = Type.Object({ tokens: Type.Array(JoinTokenView) });
const TokenParams = Type.Object({ id: Type.String({ description: "The token's id" }) });

/** Tokens by which machines join. */
export function joinTokenRoutes(app: App, { identities, limits }: RouteContext): void {
  app.addHook("preParsing", cutSlowBodies(limits.jsonBodyTimeoutMs));
  app.post(
    "/join-tokens",
    {
      config: people("operator"),
      schema: {
        operationId: "makeJoinToken",
        summary: "Make a token by which machines join the farm",
        tags: ["farm"],
        body: JoinTokenBody,
        response: responses(
          { 201: json("The token, which is told this once", NewJoinToken) },
          "unauthorized",
          "too-many-tokens",
          "too-large",
          "unsupported-media-type",
        ),
      },
    },
    async (request, reply) => {
      const made = await identities.makeJoinToken(request.body, actorOf(request));
      if (!made) throw new HttpProblem("too-many-tokens", "delete join tokens that are not needed any more");
      return reply.code(201).send(made);
    },
  );

  app.get(
    "/join-tokens",
    {
      config: people("operator"),
      schema: {
        operationId: "listJoinTokens",
        summary: "List join tokens, newest first, without their secrets",
        tags: ["farm"],
        response: responses({ 200: json("The tokens", TokenList) }, "unauthorized"),
      },
    },
    async () => ({ tokens: await identities.joinTokens() }),
  );

  app.delete(
    "/join-tokens/:id",
    {
      config: people("operator"),
      schema: {
        operationId: "deleteJoinToken",
        summary: "Delete a join token; who joined with it stays",
        tags: ["farm"],
        params: TokenParams,
        response: responses({ 204: { description: "It is deleted" } }, "unauthorized", "no-such-token"),
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      if (await identities.deleteJoinToken(id, actorOf(request))) return reply.code(204).send();
      throw new HttpProblem("no-such-token", `there is no join token ${JSON.stringify(id.slice(0, 100))}`);
    },
  );
}
