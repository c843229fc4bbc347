import type { Access, Principal, Role } from "../../domain/principal.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Who may use the route. The server does not start with a route that leaves it out. */
    access?: Access;
    /** Clients of this route know HTTP Basic only: the token may be its password. */
    basic?: true;
    /** Requests of this route have a limit of their own. Default: `requests`. */
    rate?: "requests" | "enrolments";
  }
  interface FastifyRequest {
    /** Who asks; null: not known, which only open routes take. */
    principal: Principal | null;
  }
}

/** Needs nobody in particular. */
export const OPEN = { access: "open" } as const satisfies { access: Access };

/** Agents alone. */
export const AGENTS = { access: "agents" } as const satisfies { access: Access };

/** People and scripts of this role. */
export function people(least: Role): { readonly access: Access } {
  return { access: { least } };
}

/** The same, and agents. */
export function peopleAndAgents(least: Role): { readonly access: Access } {
  return { access: { least, agents: true } };
}

/** What installers and uploaders use, which know HTTP Basic only. `runReaders`: jobs, too. */
export function installers(least: Role, runReaders: boolean): { readonly access: Access; readonly basic: true } {
  return { access: { least, agents: true, ...(runReaders ? { runReaders: true } : {}) }, basic: true };
}
