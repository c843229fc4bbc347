import { isIP } from "node:net";
import type { FastifyRequest } from "fastify";
import { HttpProblem } from "./problem.ts";

/**
 * A hook against DNS rebinding: a web page that has its own name point at this
 * machine could otherwise read what needs no token. Such a page always sends its
 * own name as Host, so this server answers to IP addresses, `localhost`, and the
 * names it was told; not to others. Host names are compared without their port.
 */
export function guardHost(allowedHosts: readonly string[]): (request: FastifyRequest) => Promise<void> {
  const allowed = new Set(allowedHosts.map((host) => hostName(host)));
  return async (request) => {
    const host = request.headers.host;
    // HTTP/1.0 has no Host, and browsers no HTTP/1.0.
    if (host === undefined || isTrusted(hostName(host), allowed)) return;
    throw new HttpProblem(
      "misdirected",
      `the request is for the host ${JSON.stringify(host.slice(0, 255))}; use an IP address or ` +
        ["localhost", ...allowed].join(", ") +
        ", or tell the coordinator this name of its own",
    );
  };
}

function isTrusted(name: string, allowed: ReadonlySet<string>): boolean {
  // localhost and everything under it is the machine itself: RFC 6761, section 6.3.
  return name === "localhost" || name.endsWith(".localhost") || isIP(name) !== 0 || allowed.has(name);
}

/** `[::1]:8270` → `::1`, `Farm.example:8270` → `farm.example`. */
function hostName(host: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(host);
  if (bracketed?.[1] !== undefined) return bracketed[1].toLowerCase();
  return isIP(host) === 6 ? host : host.replace(/:\d*$/, "").toLowerCase();
}
