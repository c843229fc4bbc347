import type { Server as HttpsServer } from "node:https";
import { TypeBoxValidatorCompiler, type TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import Fastify, { LogController, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { certificateRefusal, noteRefusedCertificate, noteStolenCertificates } from "../tls/refused-certificates.ts";
import { tlsOptions } from "../tls/tls-material.ts";
import { agentStandingRoutes } from "./agent-standing.ts";
import { agentUpdateRoutes } from "./agent-update-routes.ts";
import { agentRoutes } from "./agents.ts";
import { auditRoutes } from "./audit.ts";
import { guardAccess } from "./auth.ts";
import { blobRoutes } from "./blobs.ts";
import { agentIdentityRoutes, enrolmentRoutes } from "./enrolment-routes.ts";
import { answerBrokenRequest, answerError, answerNotFound } from "./errors.ts";
import { healthRoutes } from "./health.ts";
import { indexRoutes } from "./index-routes.ts";
import { guardHost } from "./host-guard.ts";
import type { App, HttpServerDeps, RouteContext } from "./http-deps.ts";
import { takeJsonBodies } from "./json-body.ts";
import { joinTokenRoutes } from "./join-token-routes.ts";
import { jobLogRoutes } from "./job-log.ts";
import { jobRoutes } from "./jobs.ts";
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from "./limits.ts";
import { logTimesRoute } from "./log-times.ts";
import { LiveStreams } from "./live-stream.ts";
import { documentRoutes, openapiRoute } from "./openapi.ts";
import { rateLimits } from "./rate-limits.ts";
import { runEventRoutes } from "./run-events.ts";
import { runRoutes } from "./runs.ts";
import { verdictRoutes } from "./verdicts.ts";
import { secretRoutes } from "./secrets.ts";
import { stagedRoutes } from "./staged.ts";
import { tokenRoutes } from "./tokens.ts";

const CLOSE_SWEEP_INTERVAL_MS = 20;

/**
 * The HTTP side of a coordinator, ready to `listen`. Closing it ends live streams
 * at once, lets requests finish for `closeTimeoutMs`, then cuts what is left.
 */
export function createHttpServer(deps: HttpServerDeps): FastifyInstance {
  const limits = { ...DEFAULT_HTTP_LIMITS, ...deps.limits };
  const { metrics } = deps;
  const context: RouteContext = {
    ...deps,
    limits,
    eventStreams: new LiveStreams({ name: "http-event-streams", max: limits.eventStreamsMax }, limits, metrics),
    logStreams: new LiveStreams({ name: "http-log-streams", max: limits.logStreamsMax }, limits, metrics),
  };
  const app = newApp(deps, limits);
  limitConnections(app, context);
  closeInTime(app, context);
  if (deps.tls) noteCertificates(app, deps.audit);

  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  // The schemas document what is sent; plain JSON.stringify is faster on maps and unions than one made from them.
  app.setSerializerCompiler(() => JSON.stringify);
  app.setErrorHandler(answerError(limits, metrics));
  app.setNotFoundHandler(answerNotFound);
  app.addHook("onRequest", guardHost(deps.allowedHosts ?? []));
  guardAccess(app, context, rateLimits(app, context));
  app.addHook("onResponse", cutLingering(limits.lingerMs));

  documentRoutes(app, deps.version);
  group(app, "", (open) => healthRoutes(open, context));
  group(app, "/index", (scope) => indexRoutes(scope, context));
  group(app, "/api/v1", (api) => {
    takeJsonBodies(api);
    group(api, "", (scope) => enrolmentRoutes(scope, context));
    group(api, "", (scope) => peopleRoutes(scope, context));
  });
  return app;
}

function peopleRoutes(api: App, context: RouteContext): void {
  group(api, "", (scope) => runRoutes(scope, context));
  group(api, "", (scope) => verdictRoutes(scope, context));
  group(api, "", (scope) => stagedRoutes(scope, context));
  group(api, "", (scope) => blobRoutes(scope, context));
  group(api, "", (scope) => tokenRoutes(scope, context));
  group(api, "", (scope) => secretRoutes(scope, context));
  auditRoutes(api, context);
  group(api, "", (scope) => joinTokenRoutes(scope, context));
  group(api, "", (scope) => agentIdentityRoutes(scope, context));
  runEventRoutes(api, context);
  jobRoutes(api, context);
  jobLogRoutes(api, context);
  logTimesRoute(api, context);
  agentRoutes(api, context);
  group(api, "", (scope) => agentStandingRoutes(scope, context));
  group(api, "", (scope) => agentUpdateRoutes(scope, context));
  openapiRoute(api);
}

function newApp({ log, metrics, tls }: HttpServerDeps, limits: HttpLimits): App {
  const server = {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersTimeoutMs,
    // Finds out about readers that vanished without a word while nothing is sent to them.
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
  };
  const https = tls && { ...server, ...tlsOptions(tls), handshakeTimeout: limits.headersTimeoutMs };
  const app = Fastify({
    ...(log === false ? { logger: false } : { loggerInstance: log }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.jsonBytesMax,
    // File names of wheels are long, and longer where a character is escaped.
    routerOptions: { maxParamLength: 1_024 },
    requestTimeout: limits.uploadTimeoutMs,
    connectionTimeout: limits.idleTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    forceCloseConnections: "idle",
    // During a close, what is already connected is still answered.
    return503OnClosing: false,
    // HEAD of a stream would open the stream; where it has a use it is a route of its own.
    exposeHeadRoutes: false,
    clientErrorHandler: answerBrokenRequest(limits, metrics),
    frameworkErrors: (error, request, reply) =>
      answerError(limits, metrics)(error, request as FastifyRequest, reply as FastifyReply),
    ...(https ? { https } : { http: server }),
  }).withTypeProvider<TypeBoxTypeProvider>();
  return app;
}

/** A client may come without a certificate; with one that is refused it is as if without, and that is written down. */
function noteCertificates({ server }: App, audit: RouteContext["audit"]): void {
  const https = server as unknown as HttpsServer;
  const refusing = { audit, port: "HTTPS" } as const;
  https.on("secureConnection", (socket) => {
    const refusal = certificateRefusal(socket);
    if (refusal?.shown) noteRefusedCertificate(refusing, refusal, socket.remoteAddress);
  });
  noteStolenCertificates(https, refusing);
}

/** A scope with content types and hooks of its own. */
function group(app: App, prefix: string, add: (scope: App) => void): void {
  void app.register(
    (scope, _options, done) => {
      add(scope);
      done();
    },
    { prefix },
  );
}

function limitConnections(app: App, { limits, metrics }: RouteContext): void {
  app.server.maxConnections = limits.connectionsMax;
  app.server.on("drop", () => metrics.limitReached("http-connections"));
}

function closeInTime(app: App, { limits, eventStreams, logStreams }: RouteContext): void {
  app.addHook("preClose", async () => {
    eventStreams.closeAll();
    logStreams.closeAll();
    // Node closes what is idle when the close begins, and not what becomes idle after that.
    const sweep = setInterval(() => app.server.closeIdleConnections(), CLOSE_SWEEP_INTERVAL_MS);
    const cut = setTimeout(() => app.server.closeAllConnections(), limits.closeTimeoutMs);
    app.server.once("close", () => {
      clearInterval(sweep);
      clearTimeout(cut);
    });
  });
}

/**
 * A request that was refused before its body was read goes on being read, so that
 * a sender sees the answer and not a broken connection; but not for ever.
 */
function cutLingering(lingerMs: number) {
  return async ({ raw }: FastifyRequest): Promise<void> => {
    if (raw.complete || raw.destroyed) return;
    raw.resume();
    const timer = setTimeout(() => raw.destroy(), lingerMs);
    raw.once("close", () => clearTimeout(timer)).once("end", () => clearTimeout(timer));
  };
}
