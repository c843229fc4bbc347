import { createHash, timingSafeEqual } from "node:crypto";
import { runReader } from "@kiln/proto";
import type { FastifyRequest } from "fastify";
import type { Actor } from "../../domain/audit.ts";
import { mayAccess, principalName, type Access, type Principal } from "../../domain/principal.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { HttpProblem } from "./problem.ts";
import type { RateLimits } from "./rate-limits.ts";

const BEARER = /^Bearer +([^\s]+) *$/i;
const BASIC = /^Basic +([A-Za-z0-9+/=_-]+) *$/i;
const RUN = /^r([1-9]\d{0,9})$/;

type Identified =
  | { readonly ok: true; readonly principal: Principal }
  /** `detail` null: no word on who it is. */
  | { readonly ok: false; readonly detail: string | null };

/**
 * The one place that decides who may use which route: by the farm's own token or
 * an API token as `Authorization: Bearer` (RFC 6750), by the certificate of an
 * agent, and on routes for installers by either token, or a run's reader, as the
 * password of HTTP Basic. Browsers remember such a password and send it with any
 * page's request, so it is for what no page can make harm with. What is refused
 * is in the audit log. A route that does not say who may use it cannot be added.
 */
export function guardAccess(app: App, context: RouteContext, rates: RateLimits): void {
  const identify = identifier(context);
  app.decorateRequest("principal", null);
  app.addHook("onRoute", ({ method, url, config }) => {
    if (config?.access === undefined) throw new Error(`${String(method)} ${url} does not say who may use it`);
  });
  app.addHook("onRequest", async (request) => {
    const { access, basic = false, rate = "requests" } = request.routeOptions.config;
    if (access === undefined || access === "open") return rates.count(rate, request);
    const identified = identify(request, basic);
    if (!identified.ok) {
      await rates.count("auth-failures", request);
      const problem = unauthorized(access, basic, identified.detail);
      context.audit.note(actorOf(request), refusal(request, identified.detail ?? "it came without a token"));
      throw problem;
    }
    request.principal = identified.principal;
    await rates.count(rate, request);
    const decision = mayAccess(identified.principal, { access, run: runOf(request) });
    if (decision.ok) return;
    context.audit.note(actorOf(request), refusal(request, decision.detail));
    throw new HttpProblem("forbidden", decision.detail);
  });
}

/** As the audit log has it. */
export function actorOf({ principal, ip }: Pick<FastifyRequest, "principal" | "ip">): Actor {
  return { who: principalName(principal), from: ip };
}

function refusal({ method, routeOptions, url }: FastifyRequest, detail: string) {
  const path = url.split("?", 1)[0] ?? "";
  return {
    what: "access",
    object: `${method} ${path || (routeOptions.url ?? "")}`,
    outcome: "refused",
    detail,
  } as const;
}

/** The run that the address names. Run readers are compared with it, so what is no run's name is nobody's. */
function runOf({ params }: FastifyRequest): number | null {
  const { run } = params as { readonly run?: string };
  return run === undefined ? null : Number(RUN.exec(run)?.[1] ?? 0);
}

function identifier({
  token,
  apiTokens,
  agentOf,
}: RouteContext): (request: FastifyRequest, basic: boolean) => Identified {
  const owner = digest(token);
  const byToken = (given: string): Identified => {
    // Comparing digests takes the same time whatever the guess, of whatever length.
    if (timingSafeEqual(digest(given), owner)) return { ok: true, principal: { kind: "owner" } };
    const checked = apiTokens.check(given);
    if (!checked.ok) return checked;
    const { name, role } = checked.row;
    return { ok: true, principal: { kind: "token", name, role } };
  };
  const byPassword = (header: string): Identified => {
    const pair = pairIn(header);
    if (!pair) return { ok: false, detail: "this is not HTTP Basic as RFC 7617 has it" };
    const run = RUN.exec(pair.user)?.[1];
    if (run === undefined) return byToken(pair.password);
    const expected = runReader(token, Number(run)).password;
    if (!timingSafeEqual(digest(pair.password), digest(expected))) return byToken(pair.password);
    return { ok: true, principal: { kind: "run-reader", run: Number(run) } };
  };
  return (request, basic) => {
    const header = request.headers.authorization;
    if (header === undefined) {
      const agentId = agentOf?.(request) ?? null;
      return agentId === null ? { ok: false, detail: null } : { ok: true, principal: { kind: "agent", agentId } };
    }
    const bearer = BEARER.exec(header)?.[1];
    if (bearer !== undefined) return byToken(bearer);
    return basic ? byPassword(header) : { ok: false, detail: "the token is not sent as `Bearer <token>`" };
  };
}

/** RFC 7617: the user and the password. */
function pairIn(header: string): { readonly user: string; readonly password: string } | undefined {
  const encoded = BASIC.exec(header)?.[1];
  const pair = encoded === undefined ? "" : Buffer.from(encoded, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  return colon === -1 ? undefined : { user: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

function unauthorized(access: Exclude<Access, "open">, basic: boolean, detail: string | null): HttpProblem {
  if (access === "agents") {
    return new HttpProblem("unauthorized", "only agents may do this: come with the certificate that joining gave");
  }
  const how = basic
    ? "put a user name and a token into the address: https://kiln:TOKEN@HOST/…"
    : "send a token as `Authorization: Bearer <token>`";
  const where =
    "the farm's own is in farm.json in the farm's home, and an operator makes others: " +
    `\`kiln token create NAME --role ${access.least}\``;
  const challenge = basic ? 'Basic realm="kiln", charset="UTF-8"' : 'Bearer realm="kiln"';
  const error = basic || detail === null ? "" : ', error="invalid_token"';
  return new HttpProblem("unauthorized", `${detail ?? how}; ${where}`, {
    headers: { "WWW-Authenticate": `${challenge}${error}` },
  });
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
