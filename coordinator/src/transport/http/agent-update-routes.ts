import { AgentUpdateView, UpdateAgentBody } from "@kiln/proto";
import { Type } from "typebox";
import { updateState, type AgentSoftware } from "../../domain/agent-update.ts";
import { people } from "./access.ts";
import { actorOf } from "./auth.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { HttpProblem } from "./problem.ts";
import { json, responses } from "./responses.ts";

const params = Type.Object({ agentId: Type.String({ minLength: 1, maxLength: 100 }) });

/** Other versions of agents' software. */
export function agentUpdateRoutes(app: App, { updates }: RouteContext): void {
  app.put(
    "/agents/:agentId/update",
    {
      config: people("operator"),
      schema: {
        operationId: "updateAgent",
        summary: "Offer an agent another version of its software: it is drained, and takes it when it has no job",
        tags: ["farm"],
        params,
        body: UpdateAgentBody,
        response: responses(
          { 200: json("What it runs and was offered", AgentUpdateView) },
          "unauthorized",
          "no-such-agent",
          "no-such-blob",
        ),
      },
    },
    async (request): Promise<AgentUpdateView> => {
      const { agentId } = request.params;
      const outcome = await updates.offer(agentId, request.body, actorOf(request));
      if (outcome.ok) return view(outcome.software);
      if (outcome.reason === "no-such-agent") throw noSuchAgent(agentId);
      throw new HttpProblem("no-such-blob", `the bundle ${request.body.sha256} is not stored: upload it first`);
    },
  );

  app.get(
    "/agents/:agentId/update",
    {
      config: people("viewer"),
      schema: {
        operationId: "getAgentUpdate",
        summary: "Show what an agent runs, and what it was offered last",
        tags: ["farm"],
        params,
        response: responses(
          { 200: json("What it runs and was offered", AgentUpdateView) },
          "unauthorized",
          "no-such-agent",
        ),
      },
    },
    async (request): Promise<AgentUpdateView> => {
      const { agentId } = request.params;
      const software = updates.softwareOf(agentId);
      if (software === null) throw noSuchAgent(agentId);
      return view(software);
    },
  );
}

function view(software: AgentSoftware): AgentUpdateView {
  const { agentId, takesUpdates, runningSha256, offered } = software;
  if (offered === null) return { agentId, takesUpdates, runningSha256, offered };
  const { version, sha256, offeredAtMs, failedBecause } = offered;
  const state = updateState(software, offered);
  return {
    agentId,
    takesUpdates,
    runningSha256,
    offered: { version, sha256, offeredAtMs, state, reason: failedBecause ?? "" },
  };
}

function noSuchAgent(agentId: string): HttpProblem {
  return new HttpProblem("no-such-agent", `there is no agent ${agentId}; GET /api/v1/agents lists them`);
}
