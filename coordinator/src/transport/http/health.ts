import { Type } from "typebox";
import type { App, Readiness, RouteContext } from "./http-deps.ts";
import { HttpProblem } from "./problem.ts";
import { json, responses } from "./responses.ts";

const Healthy = Type.Object({ status: Type.Literal("ok"), version: Type.String() });
const OPEN: [] = [];

/** For whatever watches the process: none of these needs the token. */
export function healthRoutes(app: App, { ready, metrics, version, identities }: RouteContext): void {
  const healthy = { status: "ok", version } as const;
  app.get(
    "/healthz",
    {
      schema: {
        operationId: "getHealth",
        summary: "Whether the process is up",
        tags: ["operation"],
        security: OPEN,
        response: responses({ 200: json("It is", Healthy) }),
      },
    },
    async () => healthy,
  );

  app.get(
    "/ca.pem",
    {
      schema: {
        operationId: "getAuthority",
        summary: "The farm's certificate, to be compared with the fingerprint in a token before it is trusted",
        tags: ["operation"],
        security: OPEN,
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

  app.get(
    "/readyz",
    {
      schema: {
        operationId: "getReadiness",
        summary: "Whether the coordinator can take work",
        tags: ["operation"],
        security: OPEN,
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
      schema: {
        operationId: "getMetrics",
        summary: "Metrics for Prometheus",
        tags: ["operation"],
        security: OPEN,
        response: responses({ 200: { description: "Text", content: { "text/plain": { schema: Type.String() } } } }),
      },
    },
    async (_request, reply) => {
      const { contentType, text } = await metrics.scrape();
      return reply.type(contentType).send(text);
    },
  );
}

function notReady(cause: unknown): Readiness {
  return { ok: false, detail: cause instanceof Error ? cause.message : "the check itself failed" };
}
