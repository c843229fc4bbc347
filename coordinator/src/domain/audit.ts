/** Everything that the audit log tells. `secret.give`: a secret's value went to an agent for a job. */
export const AUDIT_ACTIONS = [
  "run.submit",
  "run.cancel",
  "run.retry",
  "run.pin",
  "run.unpin",
  "run.approve",
  "run.waive",
  "index.upload",
  "index.yank",
  "index.unyank",
  "token.create",
  "token.revoke",
  "join-token.create",
  "join-token.revoke",
  "agent.enrol",
  "agent.renew",
  "agent.revoke",
  "agent.mode",
  "agent.health",
  "agent.update",
  "secret.set",
  "secret.remove",
  "secret.give",
  /** Nobody known asked, or somebody known for what is not theirs. */
  "access",
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** `refused`: not allowed; `failed`: allowed, and it did not work. */
export type AuditOutcome = "done" | "refused" | "failed";

/** Who acts, and from where. */
export interface Actor {
  /** As `principalName` writes it: `owner`, `token:ci`, `agent:ID`, `nobody`; `farm`: the coordinator on its own. */
  readonly who: string;
  /** IP address; empty where there is none. */
  readonly from: string;
}

/** One row: who did what to which object, when, from where, and how it ended. */
export interface AuditEntry extends Actor {
  readonly atMs: number;
  readonly what: AuditAction;
  /** For example `r12`, an agent's id, a token's name; never a secret. */
  readonly object: string;
  readonly outcome: AuditOutcome;
  /** For people; may be empty; never a secret. */
  readonly detail: string;
}

export interface AuditRow extends AuditEntry {
  /** Increases with every row; never given twice. */
  readonly id: number;
}

/** What happened, without who and when. */
export interface AuditedAction {
  readonly what: AuditAction;
  readonly object: string;
  /** Default `done`. */
  readonly outcome?: AuditOutcome;
  readonly detail?: string;
  /** How it was tried, when not by a request: refusals of each are counted apart. */
  readonly way?: "tls" | "nats";
}

const NAME_CHARS_MAX = 300;
const DETAIL_CHARS_MAX = 1_000;

/** What outsiders have a say in is cut and loses its control characters. */
export function auditEntry(by: Actor, action: AuditedAction, nowMs: number): AuditEntry {
  const { what, object, outcome = "done", detail = "" } = action;
  return {
    atMs: nowMs,
    who: printable(by.who, NAME_CHARS_MAX),
    what,
    object: printable(object, NAME_CHARS_MAX),
    outcome,
    from: printable(by.from, NAME_CHARS_MAX),
    detail: printable(detail, DETAIL_CHARS_MAX),
  };
}

function printable(text: string, charsMax: number): string {
  const clean = text.toWellFormed().replaceAll(/\p{Cc}+/gu, " ");
  return clean.length > charsMax ? `${clean.slice(0, charsMax - 1).toWellFormed()}…` : clean;
}

/** Which rows are kept. Refusals are counted apart, so that whoever is refused cannot push out what was done. */
export interface AuditRetention {
  /** null: for ever. */
  readonly ageMaxMs: number | null;
  /** Of what was done or failed. */
  readonly rowsMax: number;
  readonly refusedRowsMax: number;
}
