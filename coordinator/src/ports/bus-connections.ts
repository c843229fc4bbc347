import type { BusConnection } from "../domain/bus-refusal.ts";

/** Knows whose a connection to NATS is, or was until a moment ago. */
export interface BusConnections {
  /**
   * The agent that the farm's account has signed the JWT of the connection for; null when it is no agent's, or is
   * forgotten. Rejects when NATS does not answer.
   */
  agentOf(connection: BusConnection): Promise<string | null>;
}
