import { Enrolment, EnrolmentBody, RenewalBody, RevokeAgentBody, RevokedAgent, runReader } from "@kiln/proto";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { EnrolmentResult } from "../../services/agent-identities.ts";
import type { Actor } from "../../domain/audit.ts";
import { AGENTS, OPEN, people, peopleAndAgents } from "./access.ts";
import { actorOf } from "./auth.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { runNumber, RunParams } from "./params.ts";
import { HttpProblem } from "./problem.ts";
import { json, responses } from "./responses.ts";
import { cutSlowBodies } from "./slow-bodies.ts";

const AgentParams = Type.Object({ agentId: Type.String({ description: "The agent's id" }) });
const NO_SECURITY: [] = [];

const Reader = Type.Object({ user: Type.String(), password: Type.String() });

/** The farm's certificate, and how a machine becomes an agent by it: what somebody without credentials may ask for. */
export function enrolmentRoutes(app: App, { identities, limits, audit }: RouteContext): void {
  app.addHook("preParsing", cutSlowBodies(limits.jsonBodyTimeoutMs));
  app.post(
    "/enrolments",
    {
      config: { ...OPEN, rate: "enrolments" },
      schema: {
        operationId: "enrolAgent",
        summary: "Join the farm as an agent, by a join token; the same keys and token again give the same agent",
        tags: ["farm"],
        security: NO_SECURITY,
        body: EnrolmentBody,
        response: responses(
          { 201: json("What the agent is known by from now on", Enrolment) },
          "malformed-token",
          "token-unknown",
          "token-foreign",
          "token-used",
          "token-expired",
          "agent-revoked",
          "clock-skew",
          "too-many-agents",
          "too-large",
          "unsupported-media-type",
        ),
      },
    },
    async (request, reply) => {
      const by = actorOf(request);
      const result = await identities.enrol(request.body, by);
      if (!result.ok) {
        const { name } = request.body;
        await audit.record(by, { what: "agent.enrol", object: name, outcome: "refused", detail: result.detail });
      }
      return reply.code(201).send(enrolmentOf(result));
    },
  );
}

/** What agents ask for by their certificate, and operators decide about them. */
export function agentIdentityRoutes(app: App, context: RouteContext): void {
  app.addHook("preParsing", cutSlowBodies(context.limits.jsonBodyTimeoutMs));
  ownIdentityRoutes(app, context);
  revocationRoute(app, context);
  runReaderRoute(app, context);
}

function ownIdentityRoutes(app: App, context: RouteContext): void {
  const { identities, agentOf, audit } = context;

  app.post(
    "/agents/:agentId/renewals",
    {
      config: AGENTS,
      schema: {
        operationId: "renewAgent",
        summary: "Get new credentials, with the certificate that still holds",
        tags: ["farm"],
        params: AgentParams,
        body: RenewalBody,
        response: responses(
          { 201: json("New credentials; those of before hold until they run out", Enrolment) },
          "unauthorized",
          "forbidden",
          "agent-revoked",
          "clock-skew",
          "too-large",
          "unsupported-media-type",
        ),
      },
    },
    async (request, reply) => {
      const agentId = itself(request, agentOf);
      const by = actorOf(request);
      const result = await identities.renew(agentId, request.body, by);
      if (!result.ok) {
        await audit.record(by, { what: "agent.renew", object: agentId, outcome: "refused", detail: result.detail });
      }
      return reply.code(201).send(enrolmentOf(result));
    },
  );

  app.post(
    "/agents/:agentId/leave",
    {
      config: AGENTS,
      schema: {
        operationId: "leaveFarm",
        summary: "Leave the farm: the agent's own certificates do not count any more",
        tags: ["farm"],
        params: AgentParams,
        response: responses({ 200: json("It has left", RevokedAgent) }, "unauthorized", "forbidden", "no-such-agent"),
      },
    },
    async (request) => revoke(context, itself(request, agentOf), "it left the farm", actorOf(request)),
  );
}

function revocationRoute(app: App, context: RouteContext): void {
  app.post(
    "/agents/:agentId/revoke",
    {
      config: people("operator"),
      schema: {
        operationId: "revokeAgent",
        summary: "Take an agent's certificates and connections away, at once and for good",
        tags: ["farm"],
        params: AgentParams,
        body: RevokeAgentBody,
        response: responses(
          { 200: json("It is revoked; its jobs go on elsewhere", RevokedAgent) },
          "unauthorized",
          "no-such-agent",
          "too-large",
          "unsupported-media-type",
        ),
      },
    },
    async (request) => revoke(context, request.params.agentId, request.body.reason ?? "", actorOf(request)),
  );
}

function runReaderRoute(app: App, { agentOf, holdsAttemptOf, token }: RouteContext): void {
  app.get(
    "/runs/:run/reader",
    {
      config: peopleAndAgents("viewer"),
      schema: {
        operationId: "getRunReader",
        summary: "Who reads a run's index, for agents that hold one of its jobs",
        tags: ["index"],
        params: RunParams,
        response: responses(
          { 200: json("User and password of HTTP Basic", Reader) },
          "unauthorized",
          "forbidden",
          "no-such-run",
        ),
      },
    },
    async (request) => {
      const run = runNumber(request.params.run);
      const agentId = agentOf?.(request) ?? null;
      if (agentId !== null && !holdsAttemptOf(agentId, run)) {
        throw new HttpProblem("forbidden", `agent ${agentId} holds no job of ${request.params.run}`);
      }
      return runReader(token, run);
    },
  );
}

async function revoke({ identities }: RouteContext, agentId: string, reason: string, by: Actor): Promise<RevokedAgent> {
  const revokedAtMs = await identities.revoke(agentId, reason, by);
  if (revokedAtMs !== null) return { agentId, revokedAtMs };
  throw new HttpProblem("no-such-agent", `no agent ${JSON.stringify(agentId.slice(0, 100))} has joined this farm`);
}

/** The agent that asks, which must be the one of the address. */
function itself(request: FastifyRequest, agentOf: RouteContext["agentOf"]): string {
  const agentId = agentOf?.(request) ?? null;
  if (agentId === null) {
    throw new HttpProblem("unauthorized", "only the agent itself may do this: come with its certificate");
  }
  const { agentId: asked } = request.params as { readonly agentId: string };
  if (asked === agentId) return agentId;
  throw new HttpProblem("forbidden", `the certificate is of agent ${agentId}: it may not speak for another`);
}

function enrolmentOf(result: EnrolmentResult): Enrolment {
  if (result.ok) return result.enrolment;
  const { reason, detail, farmTimeMs } = result;
  const name = reason === "bad-request" ? "invalid-request" : reason;
  throw new HttpProblem(name, detail, farmTimeMs === undefined ? {} : { farmTimeMs });
}
