import { STATUS_CODES, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import type { Metrics } from "../../ports/metrics.ts";
import type { HttpLimits } from "./limits.ts";
import { HttpProblem, PROBLEM_CONTENT_TYPE } from "./problem.ts";
import { validationDetail } from "./validation-detail.ts";

type Counts = Pick<Metrics, "limitReached">;

function sendProblem(reply: FastifyReply, problem: HttpProblem): void {
  void reply
    .code(problem.status)
    .headers(problem.headers)
    .header("Content-Type", PROBLEM_CONTENT_TYPE)
    // As bytes, because Fastify would add a charset to text, which this media type does not have.
    .send(Buffer.from(JSON.stringify(problem.body())));
}

/** Answers with a problem whatever was thrown; what is nobody else's mistake is logged with its cause. */
export function answerError(limits: HttpLimits, metrics: Counts) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = error instanceof HttpProblem ? error : toProblem(error as FastifyError, limits);
    if (problem.problem === "too-large" && !(error instanceof HttpProblem)) metrics.limitReached("http-json-bytes");
    const context = { err: error, method: request.method, url: request.url };
    if (request.raw.destroyed && !request.raw.complete) request.log.debug(context, "a client went away");
    else if (problem.status >= 500 && problem.cause !== undefined) request.log.error(context, "a request failed");
    sendProblem(reply, problem);
  };
}

function toProblem(error: Partial<FastifyError> | null | undefined, limits: HttpLimits): HttpProblem {
  if (error?.validation) {
    return new HttpProblem("invalid-request", validationDetail(error.validation, error.validationContext ?? "body"));
  }
  const code: string = error?.code ?? "";
  const message = error?.message ?? "";
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    return new HttpProblem("too-large", `a JSON body may have ${limits.jsonBytesMax} bytes (limit http-json-bytes)`);
  }
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") {
    return new HttpProblem("unsupported-media-type", "send the body as Content-Type: application/json");
  }
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new HttpProblem("storage-full", "make room on the coordinator's disk, then try again", { cause: error });
  }
  const status = error?.statusCode ?? 500;
  if (status >= 400 && status < 500) return new HttpProblem("invalid-request", message);
  return new HttpProblem("internal", "the coordinator's log says why", { cause: error ?? "nothing was thrown" });
}

export function answerNotFound(request: FastifyRequest, reply: FastifyReply): void {
  const path = request.url.split("?", 1)[0] ?? "";
  const detail = `there is no ${request.method} ${path.slice(0, 200)}; GET /api/v1/openapi.json lists what there is`;
  sendProblem(reply, new HttpProblem("no-such-route", detail));
}

/** What Node's parser could not make a request of. There is no request to answer through, only the socket. */
export function answerBrokenRequest(limits: HttpLimits, metrics: Counts) {
  return (error: Error & { readonly code?: string }, socket: Socket): void => {
    if (error.code === "HPE_HEADER_OVERFLOW") metrics.limitReached("http-header-bytes");
    // Half an answer on the wire cannot be turned into another one.
    const pending = (socket as Socket & { readonly _httpMessage?: ServerResponse | null })._httpMessage;
    if (error.code === "ECONNRESET" || !socket.writable || pending?.headersSent) {
      socket.destroy();
      return;
    }
    const problem = brokenRequest(error, limits);
    const body = JSON.stringify(problem.body());
    socket.end(
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\nContent-Type: ${PROBLEM_CONTENT_TYPE}\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  };
}

function brokenRequest(error: { readonly code?: string }, limits: HttpLimits): HttpProblem {
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return new HttpProblem(
        "headers-too-large",
        `the headers may have ${limits.headerBytesMax} bytes together (limit http-header-bytes)`,
      );
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new HttpProblem("request-timeout", "send the request without pauses");
    default:
      return new HttpProblem("invalid-request", `this is not HTTP/1.1 (${error.code ?? "no reason known"})`);
  }
}
