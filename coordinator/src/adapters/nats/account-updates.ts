import { credsAuthenticator, connect, type NatsConnection } from "@nats-io/transport-node";
import { natsCreds, natsSystemUser, natsTls, type FarmIdentity } from "@kiln/identity";
import { reconnectDelay } from "@kiln/proto";
import type { Logger } from "pino";
import type { NatsAccounts } from "../identity/farm-authority.ts";
import { NatsConnections } from "./connections.ts";

/** Where servers with a full resolver take JWTs of accounts (nats-server 2.9 and later). */
const CLAIMS_SUBJECT = "$SYS.REQ.CLAIMS.UPDATE";
const ANSWER_MS = 5_000;
const RECONNECT_WAIT_MS = 100;

/** Tells the farm's NATS servers, as a user of their system account, whom its account has revoked. */
export class NatsAccountUpdates implements NatsAccounts, AsyncDisposable {
  readonly #connection: NatsConnection;
  readonly #log: Logger;
  /** Those of the farm's servers. */
  readonly connections: NatsConnections;
  #accountJwt: string;

  private constructor(connection: NatsConnection, { jwt, publicKey }: FarmIdentity["nats"]["account"], log: Logger) {
    this.#connection = connection;
    this.connections = new NatsConnections(connection, publicKey);
    this.#accountJwt = jwt;
    this.#log = log;
  }

  /** Connects and tells what the identity has, which a server's own configuration may be older than. */
  static async open(
    options: { readonly url: string; readonly identity: FarmIdentity; readonly connectTimeoutMs: number },
    log: Logger,
  ): Promise<NatsAccountUpdates> {
    const { url, identity } = options;
    const { jwt, seed } = await natsSystemUser(identity.nats);
    const connection = await connect({
      servers: url,
      tls: natsTls(identity.authority.certificatePem, url),
      authenticator: credsAuthenticator(new TextEncoder().encode(natsCreds(jwt, seed))),
      name: "kiln-coordinator-accounts",
      maxReconnectAttempts: -1,
      reconnectDelayHandler: reconnectDelay(() => RECONNECT_WAIT_MS * (1 + Math.random())),
      timeout: options.connectTimeoutMs,
      ignoreAuthErrorAbort: true,
    });
    const updates = new NatsAccountUpdates(connection, identity.nats.account, log);
    await updates.#tell();
    updates.#watch().catch((cause: unknown) => log.error({ err: cause }, "the NATS accounts are no longer watched"));
    return updates;
  }

  async update(accountJwt: string): Promise<void> {
    this.#accountJwt = accountJwt;
    await this.#tell();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#connection.isClosed()) await this.#connection.close();
  }

  /** A server that is away is told when it is back. */
  async #tell(): Promise<void> {
    try {
      const answer = await this.#connection.request(CLAIMS_SUBJECT, this.#accountJwt, { timeout: ANSWER_MS });
      const { error } = answer.json<{ readonly error?: { readonly description?: string } }>();
      if (error) this.#log.error({ reason: error.description }, "NATS did not take the farm's account");
    } catch (cause) {
      this.#log.warn({ err: cause }, "NATS could not be told of the farm's account; it is when it is back");
    }
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === "reconnect") await this.#tell();
    }
  }
}
