import type { BusRefusal } from "../../domain/bus-refusal.ts";

/** A string as Go's %q writes it: whatever clients put into it, its end is where it seems to be. */
const QUOTED = String.raw`"(?:[^"\\]|\\.)*"`;
const LINE_PATTERN = new RegExp(
  String.raw`^\[\d+\] \S+ \S+ \[ERR\] (?<address>[0-9A-Fa-f.:[\]]+):(?<port>\d+) - cid:(?<id>\d+) - (?:${QUOTED} - )?(?:` +
    String.raw`(?<login>authentication error)\b.*|` +
    String.raw`(?<verb>Publish|Subscription) Violation - (?:Nkey|User) (?<claimed>${QUOTED}), (?:Subject|Reply) (?<subject>${QUOTED})` +
    String.raw`(?:, Queue: ${QUOTED})?(?:, SID .*)?)$`,
);

/** Reads a line of nats-server's log (2.9); null when it tells of no refusal. */
export function readNatsRefusal(line: string): BusRefusal | null {
  const groups = LINE_PATTERN.exec(line)?.groups;
  if (!groups) return null;
  const { address = "", port, id, login, verb, claimed = "", subject = "" } = groups;
  const connection = { id: Number(id), address: address.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
  if (login !== undefined) return { kind: "login", connection };
  const kind = verb === "Publish" ? "publish" : "subscribe";
  return { kind, connection, subject: unquoted(subject), claimed: unquoted(claimed) };
}

/** The escapes that subjects and keys can have; what else there is stays as the log has it. */
function unquoted(text: string): string {
  return text.slice(1, -1).replaceAll(/\\(["\\])/g, "$1");
}
