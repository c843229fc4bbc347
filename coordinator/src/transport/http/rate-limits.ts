import rateLimit from "@fastify/rate-limit";
import type { FastifyRequest } from "fastify";
import { principalName } from "../../domain/principal.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { HttpProblem } from "./problem.ts";

const WINDOW_MS = 60_000;
/** Parties that are counted at a time; of more the one not heard of for longest is forgotten. */
const PARTIES_MAX = 10_000;

export type RateName = "requests" | "enrolments" | "auth-failures";

/** How often somebody may ask in a minute. Throws the problem `too-many-requests` beyond that. */
export interface RateLimits {
  /** Counts by who asks; by address where that is not known, and for enrolments and failures always. */
  count(name: RateName, request: FastifyRequest): Promise<void>;
}

const WHAT = {
  requests: { limit: "http-requests", config: "KILN_REQUESTS_PER_MINUTE_MAX", of: "requests" },
  enrolments: { limit: "http-enrolments", config: "KILN_ENROLMENTS_PER_MINUTE_MAX", of: "enrolments" },
  "auth-failures": {
    limit: "http-auth-failures",
    config: "KILN_AUTH_FAILURES_PER_MINUTE_MAX",
    of: "requests without a valid token",
  },
} as const satisfies Record<RateName, { limit: string; config: string; of: string }>;

/** Counters in a bounded cache each; a /64 of IPv6 counts as one address. */
export function rateLimits(app: App, { limits, metrics }: Pick<RouteContext, "limits" | "metrics">): RateLimits {
  const max = {
    requests: limits.requestsPerMinuteMax,
    enrolments: limits.enrolmentsPerMinuteMax,
    "auth-failures": limits.authFailuresPerMinuteMax,
  };
  const counters = new Map<RateName, ReturnType<App["createRateLimit"]>>();
  void app.register(rateLimit, { global: false }).after(() => {
    for (const name of ["requests", "enrolments", "auth-failures"] as const) {
      const cache = { cache: PARTIES_MAX };
      const keyGenerator = name === "requests" ? { keyGenerator: partyOf } : {};
      counters.set(name, app.createRateLimit({ max: max[name], timeWindow: WINDOW_MS, ...cache, ...keyGenerator }));
    }
  });
  return {
    async count(name, request) {
      const counter = counters.get(name);
      if (!counter) throw new Error("a request came before the server was ready");
      const counted = await counter(request);
      if (counted.isAllowed || !counted.isExceeded) return;
      metrics.limitReached(WHAT[name].limit);
      throw tooMany(name, counted.max, Math.max(1, counted.ttlInSeconds));
    },
  };
}

function partyOf({ principal, ip }: FastifyRequest): string {
  return principal ? principalName(principal) : `address:${rateLimit.normalizeIP(ip, 64)}`;
}

function tooMany(name: RateName, max: number, afterS: number): HttpProblem {
  const { limit, config, of } = WHAT[name];
  const seconds = afterS === 1 ? "a second" : `${afterS} seconds`;
  return new HttpProblem(
    "too-many-requests",
    `more than ${max} ${of} in a minute (limit ${limit}, ${config} of the coordinator): go on in ${seconds}`,
    { headers: { "Retry-After": String(afterS) } },
  );
}
