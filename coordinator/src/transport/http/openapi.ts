import {
  AddWindowBody,
  AgentDetail,
  AgentRole,
  AgentView,
  ClearHealthBody,
  GpuView,
  HealthReportView,
  HealthView,
  ModeView,
  SetModeBody,
  WindowView,
  AttemptView,
  AuditEntryView,
  AuditPage,
  BlobView,
  CreatedToken,
  CreateTokenBody,
  CandidateFacts,
  Enrolment,
  EnrolmentBody,
  ExcludedCellView,
  PlannedCellView,
  ProjectView,
  ReducedCellView,
  JobSummary,
  JobView,
  JoinTokenBody,
  JoinTokenView,
  Labels,
  NewJoinToken,
  OutcomeName,
  Problem,
  RefusedWheelView,
  ReusedFrom,
  RenewalBody,
  RetryRunBody,
  RevokeAgentBody,
  RevokedAgent,
  RunCounts,
  RunEvent,
  RunSummary,
  RunView,
  SpecProblem,
  TokenView,
  SecretView,
  SetSecretBody,
  StagedFileView,
  StagedView,
  StepView,
  SubmitRunBody,
  TestCounts,
  UnyankBody,
  YankBody,
} from "@kiln/proto";
import swagger from "@fastify/swagger";
import type { FastifyContextConfig } from "fastify";
import type { TSchema } from "typebox";
import { people } from "./access.ts";
import { describeAccess } from "../../domain/principal.ts";
import type { App } from "./http-deps.ts";
import { nameSchemas } from "./name-schemas.ts";
import { responses } from "./responses.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The handler reads the request's bytes itself. */
    takesRawBody?: boolean;
    /** Likewise, and this is what the form in it has. */
    takesForm?: TSchema;
  }
}

const SCHEMAS: Readonly<Record<string, TSchema>> = {
  AddWindowBody,
  AgentDetail,
  AgentRole,
  AgentView,
  ClearHealthBody,
  GpuView,
  HealthReportView,
  HealthView,
  ModeView,
  SetModeBody,
  WindowView,
  AttemptView,
  AuditEntryView,
  AuditPage,
  BlobView,
  CreatedToken,
  CreateTokenBody,
  CandidateFacts,
  Enrolment,
  EnrolmentBody,
  ExcludedCellView,
  PlannedCellView,
  ProjectView,
  ReducedCellView,
  JobSummary,
  JobView,
  JoinTokenBody,
  JoinTokenView,
  Labels,
  NewJoinToken,
  OutcomeName,
  Problem,
  RefusedWheelView,
  ReusedFrom,
  RenewalBody,
  RetryRunBody,
  RevokeAgentBody,
  RevokedAgent,
  RunCounts,
  RunEvent,
  RunSummary,
  RunView,
  SpecProblem,
  TokenView,
  SecretView,
  SetSecretBody,
  StagedFileView,
  StagedView,
  StepView,
  SubmitRunBody,
  TestCounts,
  UnyankBody,
  YankBody,
};

/** OpenAPI 3.1 has it; the library's types are of 3.0. */
const MUTUAL_TLS = { type: "mutualTLS", description: "The certificate that an agent gets when it joins" };

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
        { name: "index", description: "The candidate's files, for installers and uploaders" },
        { name: "people", description: "Tokens, secrets for jobs, and who did what" },
        { name: "farm", description: "Agents and what they can run" },
        { name: "operation", description: "Health and metrics" },
      ],
      components: {
        securitySchemes: {
          token: { type: "http", scheme: "bearer", description: "The farm's own token, or an API token" },
          tokenAsPassword: { type: "http", scheme: "basic", description: "The same, with any user name" },
          agentCertificate: MUTUAL_TLS as never,
        },
      },
      security: [{ token: [] }],
    },
    convertConstToEnum: false,
    exposeHeadRoutes: true,
    transform: ({ schema, url, route }) => ({
      url,
      schema: { ...schema, ...documentedAccess(schema, route.config), ...documentedBody(route.config) },
    }),
  });
}

/** Who may use it, in words, and for programs as `x-kiln-access`. */
function documentedAccess(
  schema: { readonly description?: unknown; readonly hide?: unknown; readonly security?: unknown } | undefined,
  { access }: FastifyContextConfig = {},
): object {
  if (access === undefined || schema?.hide === true) return {};
  const given = typeof schema?.description === "string" ? [schema.description] : [];
  const certificate = [{ agentCertificate: [] }];
  const security =
    access === "agents"
      ? certificate
      : access !== "open" && access.agents
        ? [{ token: [] }, ...certificate]
        : undefined;
  const secured = security && schema?.security === undefined ? { security } : {};
  return { ...secured, description: [...given, describeAccess(access)].join("\n\n"), "x-kiln-access": access };
}

/** What goes in where the handler reads the request itself, and no schema may parse it. */
function documentedBody({ takesRawBody, takesForm }: FastifyContextConfig = {}): object {
  if (takesForm) return { consumes: ["multipart/form-data"], body: takesForm };
  return takesRawBody ? { consumes: ["application/octet-stream"], body: {} } : {};
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
      config: people("viewer"),
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
