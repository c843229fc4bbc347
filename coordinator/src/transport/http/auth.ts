import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { HttpProblem } from "./problem.ts";

const BEARER = /^Bearer +([^\s]+) *$/i;

/**
 * A hook that lets only requests with `Authorization: Bearer <token>` through
 * (RFC 6750). Comparing digests takes the same time whatever the guess, of
 * whatever length.
 */
export function requireToken(token: string): (request: FastifyRequest) => Promise<void> {
  const expected = digest(token);
  return async (request) => {
    const header = request.headers.authorization;
    const given = BEARER.exec(header ?? "")?.[1];
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return;
    throw unauthorized(header === undefined);
  };
}

function unauthorized(missing: boolean): HttpProblem {
  return new HttpProblem(
    "unauthorized",
    missing
      ? "send the farm's token as `Authorization: Bearer <token>`; it is in farm.json in the farm's home"
      : "the token is not this farm's; it is in farm.json in the farm's home",
    { headers: { "WWW-Authenticate": missing ? 'Bearer realm="kiln"' : 'Bearer realm="kiln", error="invalid_token"' } },
  );
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
