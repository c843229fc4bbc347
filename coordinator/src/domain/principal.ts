/** What people and scripts may do; each role may do all that those before it may. */
export const ROLES = ["viewer", "submitter", "releaser", "operator"] as const;
export type Role = (typeof ROLES)[number];

/** Who asks. */
export type Principal =
  /** Has the farm's own token, which is in its home: may do everything. */
  | { readonly kind: "owner" }
  /** A person or script with a token that an operator made. */
  | { readonly kind: "token"; readonly name: string; readonly role: Role }
  /** A machine of the farm, known by its certificate. */
  | { readonly kind: "agent"; readonly agentId: string }
  /** What a job installs with: reads one run's index. */
  | { readonly kind: "run-reader"; readonly run: number };

/** Who may use a route. */
export type Access =
  /** Everybody, without a word on who they are. */
  | "open"
  /** Agents alone. */
  | "agents"
  | {
      /** The least role that people and scripts need. */
      readonly least: Role;
      /** Agents, too. */
      readonly agents?: true;
      /** Readers of a run, too: of that run's index, and of what names no run. */
      readonly runReaders?: true;
    };

export interface Asked {
  readonly access: Access;
  /** The run that the address names; null when it names none. */
  readonly run: number | null;
}

export type AccessDecision =
  | { readonly ok: true }
  /** `detail` says what is missing and how to get it. */
  | { readonly ok: false; readonly detail: string };

const OK: AccessDecision = { ok: true };

/** Whether somebody known may do what is asked. */
export function mayAccess(principal: Principal, { access, run }: Asked): AccessDecision {
  if (access === "open") return OK;
  switch (principal.kind) {
    case "owner":
      return access === "agents" ? refused("only agents may do this, and they show their certificate") : OK;
    case "token": {
      if (access === "agents") return refused("only agents may do this, and they show their certificate");
      if (ROLES.indexOf(principal.role) >= ROLES.indexOf(access.least)) return OK;
      const { name, role } = principal;
      return refused(
        `this needs the role ${access.least}, and the token ${name} is a ${role}'s; an operator makes another with ` +
          `\`kiln token create NAME --role ${access.least}\``,
      );
    }
    case "agent":
      if (access === "agents" || access.agents) return OK;
      return refused(`agents may not do this: it needs a token of the role ${access.least}`);
    case "run-reader": {
      if (access === "agents" || !access.runReaders) return refused("this password reads the index of its run only");
      if (run === null || run === principal.run) return OK;
      return refused(`this password reads the index of r${principal.run}, and not of r${run}`);
    }
  }
}

function refused(detail: string): AccessDecision {
  return { ok: false, detail };
}

/** What somebody may do as a person or script; null for agents and readers of runs. */
export function roleOf(principal: Principal | null): Role | null {
  if (principal?.kind === "owner") return "operator";
  return principal?.kind === "token" ? principal.role : null;
}

/** As the audit log, the limits and the log name somebody; `nobody` is who did not say, or not truly. */
export function principalName(principal: Principal | null): string {
  switch (principal?.kind) {
    case undefined:
      return "nobody";
    case "owner":
      return "owner";
    case "token":
      return `token:${principal.name}`;
    case "agent":
      return `agent:${principal.agentId}`;
    case "run-reader":
      return `reader:r${principal.run}`;
  }
}

/** In words, for the API's description. */
export function describeAccess(access: Access): string {
  if (access === "open") return "Open to everybody.";
  if (access === "agents") return "For agents, which show their certificate.";
  const others = [
    ...(access.agents ? ["an agent's certificate"] : []),
    ...(access.runReaders ? ["the password of a run's reader"] : []),
  ];
  return `Needs the role \`${access.least}\`${others.map((other) => `, or ${other}`).join("")}.`;
}
