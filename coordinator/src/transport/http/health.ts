import { Type } from "typebox";
import { OPEN, people } from "./access.ts";
import type { App, Readiness, RouteContext } from "./http-deps.ts";
import { HttpProblem } from "./problem.ts";
import { json, responses } from "./responses.ts";

const Healthy = Type.Object({ status: Type.Literal("ok"), version: Type.String() });
const NO_SECURITY: [] = [];

/** For whatever watches the process. Metrics name projects, releases and agents, so they are for who may see those. */
export function healthRoutes(app: App, context: RouteContext): void {
  const { ready, metrics, version } = context;
  const healthy = { status: "ok", version } as const;
  app.get(
    "/healthz",
    {
      config: OPEN,
      schema: {
        operationId: "getHealth",
        summary: "Whether the process is up",
        tags: ["operation"],
        security: NO_SECURITY,
        response: responses({ 200: json("It is", Healthy) }),
      },
    },
    async () => healthy,
  );

  authorityRoute(app, context);

  app.get(
    "/readyz",
    {
      config: OPEN,
      schema: {
        operationId: "getReadiness",
        summary: "Whether the coordinator can take work",
        tags: ["operation"],
        security: NO_SECURITY,
        response: responses({ 200: json("It can", Healthy) }, "not-ready"),
      },
    },
    async () => {
      const readiness = await ready().catch(notReady);
      if (!readiness.ok) throw new HttpProblem("not-ready", readiness.detail);
      return healthy;
    },
  );

  app.get(
    "/metrics",
    {
      config: people("viewer"),
      schema: {
        operationId: "getMetrics",
        summary: "Metrics for Prometheus",
        tags: ["operation"],
        response: responses(
          { 200: { description: "Text", content: { "text/plain": { schema: Type.String() } } } },
          "unauthorized",
        ),
      },
    },
    async (_request, reply) => {
      const { contentType, text } = await metrics.scrape();
      return reply.type(contentType).send(text);
    },
  );
}

function authorityRoute(app: App, { identities }: RouteContext): void {
  app.get(
    "/ca.pem",
    {
      config: OPEN,
      schema: {
        operationId: "getAuthority",
        summary: "The farm's certificate, to be compared with the fingerprint in a token before it is trusted",
        tags: ["operation"],
        security: NO_SECURITY,
        response: responses({
          200: {
            description: "A certificate in PEM",
            content: { "application/x-pem-file": { schema: Type.String() } },
          },
        }),
      },
    },
    async (_request, reply) => reply.type("application/x-pem-file").send(identities.authorityPem),
  );
}

function notReady(cause: unknown): Readiness {
  return { ok: false, detail: cause instanceof Error ? cause.message : "the check itself failed" };
}
