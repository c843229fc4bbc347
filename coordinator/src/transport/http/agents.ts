import { AgentView, ProjectView } from "@kiln/proto";
import { Type } from "typebox";
import { people } from "./access.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { json, responses } from "./responses.ts";

const AgentList = Type.Object({ agents: Type.Array(AgentView) });

const Farm = Type.Object({
  version: Type.String({ description: "The coordinator's version" }),
  stored: Type.Object(
    {
      blobs: Type.Integer({ minimum: 0 }),
      bytes: Type.Integer({ minimum: 0 }),
      bytesMax: Type.Integer({ minimum: 0, description: "From here on uploads are refused; 0: no limit" }),
    },
    { description: "What the blob store holds; counted anew in the first minute after a start" },
  ),
  pythons: Type.Array(
    Type.Object({
      platform: Type.String({ description: "For example linux-x86_64" }),
      feature: Type.String({ description: "For example 3.12 or 3.13t" }),
    }),
    { description: "What the agents online can run" },
  ),
});

/** Who works for the farm, and what the farm can do. */
export function agentRoutes(app: App, { queries, version, retention, limits }: RouteContext): void {
  app.get(
    "/agents",
    {
      config: people("viewer"),
      schema: {
        operationId: "listAgents",
        summary: "List every agent that ever registered",
        tags: ["farm"],
        response: responses({ 200: json("The agents", AgentList) }, "unauthorized"),
      },
    },
    async () => ({ agents: await queries.agents() }),
  );

  app.get(
    "/farm",
    {
      config: people("viewer"),
      schema: {
        operationId: "getFarm",
        summary: "Show the farm's version and what it can run now",
        tags: ["farm"],
        response: responses({ 200: json("The farm", Farm) }, "unauthorized"),
      },
    },
    async () => ({
      version,
      stored: { ...retention.usage(), bytesMax: limits.storedBytesMax },
      pythons: await queries.farmPythons(),
    }),
  );

  app.get(
    "/projects/:name",
    {
      config: people("viewer"),
      schema: {
        operationId: "getProject",
        summary: "Show what a project's earlier runs say of its next",
        tags: ["farm"],
        params: Type.Object({
          name: Type.String({ minLength: 1, maxLength: 200, description: "As candidates name it" }),
        }),
        response: responses({ 200: json("The project; empty when it never ran", ProjectView) }, "unauthorized"),
      },
    },
    (request): Promise<ProjectView> => queries.project(request.params.name),
  );
}
