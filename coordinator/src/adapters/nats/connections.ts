import type { NatsConnection } from "@nats-io/transport-node";
import type { BusConnection } from "../../domain/bus-refusal.ts";
import type { BusConnections } from "../../ports/bus-connections.ts";

/** Where servers tell users of their system account of their connections (nats-server 2.9 and later). */
const CONNECTIONS_SUBJECT = "$SYS.REQ.SERVER.PING.CONNZ";
const ANSWER_MS = 2_000;
/** As `state` of the request: those that are open, and the last ten thousand that were. */
const STATES = [0, 1] as const;

/** Of the server's answer, what counts here. */
interface Connz {
  readonly data?: {
    readonly connections?: readonly {
      readonly ip?: string;
      readonly port?: number;
      readonly account?: string;
      /** The name in the JWT that it logged in with: the agent's id in those that the farm signs. */
      readonly name_tag?: string;
    }[];
  };
}

/**
 * Asks the server whose a connection is. What its log has is what the client
 * says of itself: it may name any key as its own beside the JWT that it is let in by.
 */
export class NatsConnections implements BusConnections {
  readonly #system: Pick<NatsConnection, "request">;
  readonly #account: string;

  /** `account`: the public key of the account that agents are users of. */
  constructor(system: Pick<NatsConnection, "request">, account: string) {
    this.#system = system;
    this.#account = account;
  }

  async agentOf({ id, address, port }: BusConnection): Promise<string | null> {
    for (const state of STATES) {
      const asked = JSON.stringify({ cid: id, auth: true, state });
      const { data } = (await this.#system.request(CONNECTIONS_SUBJECT, asked, { timeout: ANSWER_MS })).json<Connz>();
      const found = data?.connections?.find((connection) => connection.ip === address && connection.port === port);
      if (found) return found.account === this.#account ? (found.name_tag ?? null) : null;
    }
    return null;
  }
}
