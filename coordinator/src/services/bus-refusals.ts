import type { Logger } from "pino";
import type { BusConnection, BusRefusal } from "../domain/bus-refusal.ts";
import type { BusConnections } from "../ports/bus-connections.ts";
import type { AuditLog } from "./audit-log.ts";

/** Connections that NATS is asked about for refusals that come together; of the rest nobody is named. */
const QUESTIONS_MAX = 50;

export interface BusRefusalParts {
  readonly audit: Pick<AuditLog, "note">;
  readonly connections: BusConnections;
  readonly log: Logger;
}

/** Writes into the audit log what NATS has refused by itself. */
export class BusRefusals {
  readonly #parts: BusRefusalParts;

  constructor(parts: BusRefusalParts) {
    this.#parts = parts;
  }

  async note(refusals: readonly BusRefusal[]): Promise<void> {
    const ask = this.#questions();
    for (const refusal of refusals) {
      const { kind, connection } = refusal;
      const asNobody = { who: "nobody", from: connection.address };
      if (kind === "login") {
        const detail = "NATS refused its login";
        this.#parts.audit.note(asNobody, { what: "access", object: "", outcome: "refused", detail, way: "nats" });
        continue;
      }
      const agentId = await ask(connection);
      const by = agentId === null ? asNobody : { ...asNobody, who: `agent:${agentId}` };
      const unknown =
        agentId === null ? `; whose connection it was is not known, it named the key ${refusal.claimed}` : "";
      const detail = `NATS refused to let it ${kind === "publish" ? "publish" : "subscribe"}${unknown}`;
      const object = `subject ${refusal.subject}`;
      this.#parts.audit.note(by, { what: "access", object, outcome: "refused", detail, way: "nats" });
    }
  }

  /** Asks once for each connection of refusals that come together; after a question that NATS does not answer there are no more. */
  #questions(): (connection: BusConnection) => Promise<string | null> {
    let left = QUESTIONS_MAX;
    const known = new Map<string, string | null>();
    return async (connection) => {
      const key = `${connection.id} ${connection.address} ${connection.port}`;
      const before = known.get(key);
      if (before !== undefined || left === 0) return before ?? null;
      left -= 1;
      try {
        const agentId = await this.#parts.connections.agentOf(connection);
        known.set(key, agentId);
        return agentId;
      } catch (cause) {
        this.#parts.log.warn({ err: cause }, "NATS did not say whose a connection is");
        left = 0;
        return null;
      }
    };
  }
}
