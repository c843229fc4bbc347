import type { FastifyReply, FastifyRequest } from "fastify";
import { answerError } from "./errors.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { indexFileRoutes } from "./index-files.ts";
import { indexPageRoutes } from "./index-pages.ts";
import { indexUploadRoute } from "./index-upload.ts";
import { HttpProblem } from "./problem.ts";

const PHRASE_CHARS_MAX = 200;

/**
 * The staging index, for installers and uploaders: they know the packaging
 * specifications, not this API. They send the token as the password of HTTP
 * Basic, and show no more of an error than its reason phrase.
 */
export function indexRoutes(app: App, context: RouteContext): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  const answer = answerError(context.limits, context.metrics);
  app.setErrorHandler((error, request: FastifyRequest, reply: FastifyReply) => {
    if (error instanceof HttpProblem) reply.raw.statusMessage = reasonPhrase(error.message);
    answer(error, request, reply);
  });
  indexPageRoutes(app, context);
  indexFileRoutes(app, context);
  indexUploadRoute(app, context);
}

/** RFC 9112, section 4: what can stand on a status line. */
function reasonPhrase(text: string): string {
  const phrase = text.replaceAll(/[^\x20-\x7e]+/g, " ").trim();
  return phrase.length > PHRASE_CHARS_MAX ? `${phrase.slice(0, PHRASE_CHARS_MAX)}...` : phrase;
}
