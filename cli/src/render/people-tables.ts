import type { AuditEntryView, SecretView, TokenView } from "@kiln/proto";
import { ago } from "./duration.ts";
import { line, span, type Line } from "./line.ts";
import type { Symbols } from "./symbols.ts";
import { renderTable } from "./table.ts";

/** API tokens, one a line. */
export function renderTokens(
  tokens: readonly TokenView[],
  width: number,
  nowMs: number,
  symbols: Symbols,
): readonly Line[] {
  if (tokens.length === 0) return [line("No token yet. Make one with: ./kiln token create NAME --role viewer")];
  const rows = tokens.map((token) => [
    line(token.name),
    line(token.role),
    line(token.expired ? span(`${symbols.bad} expired`, "bad") : until(token.expiresAtMs)),
    line(token.usedAtMs === null ? span("never", "dim") : ago(nowMs - token.usedAtMs)),
    line(span(`${ago(nowMs - token.createdAtMs)} by ${token.createdBy}`, "dim")),
  ]);
  const columns = [
    { title: "token", shrinks: true, minWidth: 12 },
    { title: "role" },
    { title: "until" },
    { title: "used" },
    { title: "made", optional: true },
  ];
  return renderTable({ columns, rows }, width, symbols.ellipsis);
}

/** Secrets for jobs, one a line; never their values. */
export function renderSecrets(
  secrets: readonly SecretView[],
  width: number,
  nowMs: number,
  symbols: Symbols,
): readonly Line[] {
  if (secrets.length === 0) return [line("No secret yet. Set one with: ./kiln secret set NAME")];
  const rows = secrets.map(({ name, project, readable, setAtMs, setBy }) => [
    line(name),
    line(project ?? span("all", "dim")),
    line(readable ? "" : span(`${symbols.bad} of another key: set it again`, "bad")),
    line(span(`${ago(nowMs - setAtMs)} by ${setBy}`, "dim")),
  ]);
  const columns = [
    { title: "secret", shrinks: true, minWidth: 12 },
    { title: "project" },
    { title: "problem" },
    { title: "set" },
  ];
  return renderTable({ columns, rows }, width, symbols.ellipsis);
}

/** Rows of the audit log, in the order given. */
export function renderAudit(entries: readonly AuditEntryView[], width: number, symbols: Symbols): readonly Line[] {
  if (entries.length === 0) return [line("Nothing of that kind is in the audit log.")];
  const rows = entries.map(({ atMs, who, what, object, outcome, from, detail }) => [
    line(span(new Date(atMs).toISOString().slice(0, 19).replace("T", " "), "dim")),
    line(who),
    line(outcome === "done" ? what : span(`${symbols.bad} ${what} ${outcome}`, "bad")),
    line(object),
    line(from),
    line(span(detail, "dim")),
  ]);
  const columns = [
    { title: "when (UTC)" },
    { title: "who", shrinks: true, minWidth: 12 },
    { title: "what" },
    { title: "object", shrinks: true, minWidth: 16 },
    { title: "from", optional: true },
    { title: "", shrinks: true, minWidth: 20 },
  ];
  return renderTable({ columns, rows }, width, symbols.ellipsis);
}

function until(expiresAtMs: number | null): string {
  return expiresAtMs === null ? "for ever" : new Date(expiresAtMs).toISOString().slice(0, 10);
}
