import type { FastifyReply, FastifyRequest, RequestPayload } from "fastify";

type Done = (error: null, payload: RequestPayload) => void;

/**
 * A hook that cuts a connection whose JSON body is not there within `timeoutMs`.
 * The server's own time limit has to be long enough for a large blob.
 */
export function cutSlowBodies(timeoutMs: number) {
  return (request: FastifyRequest, _reply: FastifyReply, payload: RequestPayload, done: Done): void => {
    const { raw } = request;
    const hasBody = raw.headers["transfer-encoding"] !== undefined || Number(raw.headers["content-length"] ?? 0) > 0;
    if (hasBody && !raw.complete) {
      const timer = setTimeout(() => raw.destroy(), timeoutMs);
      raw.once("end", () => clearTimeout(timer)).once("close", () => clearTimeout(timer));
    }
    done(null, payload);
  };
}
