import {
  AgentView,
  AttemptView,
  BlobView,
  CandidateFacts,
  CellView,
  ExcludedCellView,
  JobSummary,
  JobView,
  OutcomeName,
  Problem,
  RetryRunBody,
  RunCounts,
  RunEvent,
  RunSummary,
  RunView,
  SpecProblem,
  StepView,
  SubmitRunBody,
} from "@kiln/proto";
import swagger from "@fastify/swagger";
import type { TSchema } from "typebox";
import type { App } from "./http-deps.ts";
import { nameSchemas } from "./name-schemas.ts";
import { responses } from "./responses.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The handler reads the request's bytes itself. */
    takesRawBody?: boolean;
  }
}

const SCHEMAS: Readonly<Record<string, TSchema>> = {
  AgentView,
  AttemptView,
  BlobView,
  CandidateFacts,
  CellView,
  ExcludedCellView,
  JobSummary,
  JobView,
  OutcomeName,
  Problem,
  RetryRunBody,
  RunCounts,
  RunEvent,
  RunSummary,
  RunView,
  SpecProblem,
  StepView,
  SubmitRunBody,
};

/** Collects the schemas of every route that is added afterwards. */
export function documentRoutes(app: App, version: string): void {
  void app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Kiln",
        description: "The coordinator of a Kiln farm: submit release candidates, watch them, read what happened.",
        version,
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      servers: [{ url: "/" }],
      tags: [
        { name: "runs", description: "Release candidates on their way through the farm" },
        { name: "jobs", description: "What a run is made of" },
        { name: "blobs", description: "Content-addressed bytes" },
        { name: "farm", description: "Agents and what they can run" },
        { name: "operation", description: "Health and metrics" },
      ],
      components: { securitySchemes: { farmToken: { type: "http", scheme: "bearer" } } },
      security: [{ farmToken: [] }],
    },
    convertConstToEnum: false,
    exposeHeadRoutes: true,
    transform: ({ schema, url, route }) => ({
      url,
      schema: route.config?.takesRawBody ? { ...schema, consumes: ["application/octet-stream"], body: {} } : schema,
    }),
  });
}

/** Serves the document, made once when everything is registered. */
export function openapiRoute(app: App): void {
  let text = "";
  app.addHook("onReady", async () => {
    text = JSON.stringify(nameSchemas(app.swagger(), SCHEMAS));
  });
  app.get(
    "/openapi.json",
    {
      schema: {
        operationId: "getOpenapi",
        summary: "This document",
        tags: ["operation"],
        response: responses(
          { 200: { description: "OpenAPI 3.1", content: { "application/json": { schema: {} } } } },
          "unauthorized",
        ),
      },
    },
    async (_request, reply) => reply.type("application/json").send(text),
  );
}
