import { createHash, timingSafeEqual } from "node:crypto";
import { runReader } from "@kiln/proto";
import type { FastifyRequest } from "fastify";
import type { RouteContext } from "./http-deps.ts";
import { HttpProblem } from "./problem.ts";

const BEARER = /^Bearer +([^\s]+) *$/i;
const BASIC = /^Basic +([A-Za-z0-9+/=_-]+) *$/i;
/** What an agent may ask for by its certificate. */
const AGENTS_PATHS =
  /^\/(?:index\/|api\/v1\/(?:blobs\/|agents\/[^/]+\/(?:renewals|leave)$|runs\/[^/]+\/(?:reader|staged)$))/;

/**
 * A hook that lets only requests with `Authorization: Bearer <token>` through
 * (RFC 6750); with `basic` also those that have it as their password, whoever
 * the user, or that are the reader of the run that they ask for (`runReader`).
 * Agents come with their certificate, for what agents need.
 * Browsers remember such a password and send it with any page's request, so it is
 * for what no page can make harm with. Comparing digests takes the same time
 * whatever the guess, of whatever length.
 */
export function requireToken(
  token: string,
  { basic = false, agentOf }: { readonly basic?: boolean; readonly agentOf?: RouteContext["agentOf"] } = {},
): (request: FastifyRequest) => Promise<void> {
  const expected = digest(token);
  return async (request) => {
    const header = request.headers.authorization;
    const given = BEARER.exec(header ?? "")?.[1] ?? (basic ? pairIn(header)?.password : undefined);
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return;
    if (basic && isRunReader(request, token)) return;
    if (header === undefined && AGENTS_PATHS.test(request.url) && agentOf?.(request)) return;
    throw basic ? passwordNeeded(header === undefined) : unauthorized(header === undefined);
  };
}

/** A run's reader reads that run's index, and files of other projects, whose addresses name no run. */
function isRunReader({ method, params, headers }: FastifyRequest, token: string): boolean {
  const pair = pairIn(headers.authorization);
  const run = /^r([1-9]\d{0,9})$/.exec(pair?.user ?? "")?.[1];
  if (!pair || run === undefined || (method !== "GET" && method !== "HEAD")) return false;
  const { run: asked = pair.user } = params as { readonly run?: string };
  return asked === pair.user && timingSafeEqual(digest(pair.password), digest(runReader(token, Number(run)).password));
}

/** RFC 7617: the user and the password. */
function pairIn(header: string | undefined): { readonly user: string; readonly password: string } | undefined {
  const encoded = BASIC.exec(header ?? "")?.[1];
  const pair = encoded === undefined ? "" : Buffer.from(encoded, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  return colon === -1 ? undefined : { user: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

function passwordNeeded(missing: boolean): HttpProblem {
  return new HttpProblem(
    "unauthorized",
    missing
      ? "put a user name and the farm's token into the address: http://kiln:TOKEN@HOST/…; the token is in farm.json in the farm's home"
      : "the password is not this farm's token; it is in farm.json in the farm's home",
    { headers: { "WWW-Authenticate": 'Basic realm="kiln", charset="UTF-8"' } },
  );
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
