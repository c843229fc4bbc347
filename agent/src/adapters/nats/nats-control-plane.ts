import { connect, errors, jwtAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { natsInboxPrefix, natsTls } from "@kiln/identity";
import { reconnectDelay, SUBJECTS } from "@kiln/proto";
import { backoffMs } from "../../domain/backoff.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ControlPlane, ControlPlaneHandlers, HeartbeatFacts } from "../../ports/control-plane.ts";
import type { CredentialSource } from "../../ports/credentials.ts";
import type { Log } from "../../ports/log.ts";
import { AssignmentConsumer } from "./assignment-consumer.ts";
import { heartbeatMessage } from "./heartbeat-message.ts";

const CONNECT_TIMEOUT_MS = 5_000;
/** Logins that fail follow each other fast. */
const ASK_AGAIN_MS = 2_000;
const BACKOFF = { baseMs: 100, capMs: 5_000 };

export interface NatsOptions {
  readonly credentials: CredentialSource;
  readonly agentId: string;
  readonly sessionId: string;
}

interface Parts {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/** The control plane on NATS. */
export class NatsControlPlane implements ControlPlane {
  readonly #options: NatsOptions;
  readonly #parts: Parts;
  readonly #stopping = new AbortController();
  readonly #unwatch: () => void;
  #connection: NatsConnection | null = null;
  #isConnected = false;
  /** To come back since the connection was lost. */
  #tries = 0;
  #askedMs = -ASK_AGAIN_MS;
  #isTaking = false;
  #consumer: AssignmentConsumer | null = null;
  #handlers: ControlPlaneHandlers | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: NatsOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
    this.#unwatch = options.credentials.watch(() => this.#reconnect());
  }

  start(handlers: ControlPlaneHandlers): void {
    this.#handlers = handlers;
    this.#running = this.#run(handlers);
  }

  takeAssignments(): void {
    this.#isTaking = true;
    this.#consume();
  }

  stopAssignments(): void {
    this.#isTaking = false;
    this.#consumer?.stop();
    this.#consumer = null;
  }

  heartbeat(facts: HeartbeatFacts): boolean {
    // The client would keep what is published without a connection, without bound.
    if (!this.#connection || !this.#isConnected) return false;
    const { agentId, sessionId } = this.#options;
    const message = heartbeatMessage(facts, { agentId, sessionId });
    this.#connection.publish(SUBJECTS.heartbeat.of(agentId), SUBJECTS.heartbeat.encode(message));
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    this.#unwatch();
    this.stopAssignments();
    if (this.#connection && !this.#connection.isClosed()) {
      // What was published last, an acknowledgement for example, should still leave.
      if (this.#isConnected) await this.#connection.flush().catch(() => undefined);
      await this.#connection.close();
    }
    await this.#running;
  }

  /** Connects, and once more should the client ever give a connection up. */
  async #run(handlers: ControlPlaneHandlers): Promise<void> {
    const { clock, log, random } = this.#parts;
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      try {
        const connection = await this.#connect();
        failures = 0;
        await this.#serve(connection, handlers);
      } catch (cause) {
        failures++;
        const reason = cause instanceof Error ? cause.message : String(cause);
        log.warn({ reason }, "NATS could not be reached");
        this.#ifShutOut(cause, handlers);
      }
      if (this.#stopping.signal.aborted) return;
      await this.#wait(clock, backoffMs(Math.max(1, failures), random(), BACKOFF));
    }
  }

  #connect(): Promise<NatsConnection> {
    const { credentials, agentId } = this.#options;
    const { farm, authorityPem } = credentials.current();
    return connect({
      servers: farm.natsUrl,
      tls: natsTls(authorityPem, farm.natsUrl),
      // Asked at each connection: the newest.
      authenticator: jwtAuthenticator(
        () => credentials.current().natsJwt,
        () => new TextEncoder().encode(credentials.current().natsSeed),
      ),
      // Its user may not listen anywhere else.
      inboxPrefix: natsInboxPrefix(agentId),
      name: `kiln-agent-${agentId}`,
      maxReconnectAttempts: -1,
      reconnectDelayHandler: reconnectDelay(() => backoffMs(++this.#tries, this.#parts.random(), BACKOFF)),
      pingInterval: 10_000,
      timeout: CONNECT_TIMEOUT_MS,
      ignoreAuthErrorAbort: true,
    });
  }

  /** Until the connection is closed for good. */
  async #serve(connection: NatsConnection, handlers: ControlPlaneHandlers): Promise<void> {
    if (this.#stopping.signal.aborted) return connection.close();
    const { log } = this.#parts;
    this.#connection = connection;
    this.#isConnected = true;
    connection.subscribe(SUBJECTS.control.of(this.#options.agentId), {
      callback: (error, message) => {
        if (error) log.warn({ err: error }, "a control message could not be received");
        else this.#control(message.data, handlers);
      },
    });
    log.info({ server: connection.getServer() }, "connected to NATS");
    handlers.connected();
    this.#consume();
    for await (const status of connection.status()) {
      if (status.type === "disconnect") {
        this.#isConnected = false;
        log.warn({ server: status.server }, "the connection to NATS is lost");
      } else if (status.type === "reconnect") {
        this.#isConnected = true;
        this.#tries = 0;
        log.info({ server: status.server }, "the connection to NATS is there again");
        handlers.connected();
        // A new consumer, rather than the client's own recovery, which waits long when JetStream starts late.
        this.#consumer?.stop();
        this.#consumer = null;
        this.#consume();
      } else if (status.type === "error") {
        log.warn({ err: status.error }, "NATS reported an error");
        this.#ifShutOut(status.error, handlers);
      }
    }
    this.#isConnected = false;
    this.#consumer?.stop();
    this.#consumer = null;
  }

  /** Whether an agent that may not log in is shut out, the coordinator says when it registers. */
  #ifShutOut(cause: unknown, handlers: ControlPlaneHandlers): void {
    if (!(cause instanceof errors.AuthorizationError)) return;
    const nowMs = this.#parts.clock.nowMs();
    if (nowMs - this.#askedMs < ASK_AGAIN_MS) return;
    this.#askedMs = nowMs;
    handlers.registerAgain();
  }

  /** Logs in anew, with new credentials; what was published before leaves first. */
  #reconnect(): void {
    const connection = this.#connection;
    if (!connection || !this.#isConnected) return;
    const { log } = this.#parts;
    connection
      .flush()
      .then(() => connection.reconnect())
      .catch((cause: unknown) => log.warn({ err: cause }, "NATS could not be reached with the new credentials yet"));
  }

  #consume(): void {
    if (!this.#isTaking || !this.#connection || this.#connection.isClosed() || this.#consumer || !this.#handlers)
      return;
    const consumer = new AssignmentConsumer(this.#connection, this.#options.agentId, this.#parts, this.#handlers);
    this.#consumer = consumer;
    consumer.start();
  }

  #control(bytes: Uint8Array, handlers: ControlPlaneHandlers): void {
    try {
      const { command } = SUBJECTS.control.decode(bytes);
      if (command.case === "registerAgain") handlers.registerAgain();
      else if (command.case === "offerUpdate" && command.value.bundle) {
        const { version, offer, bundle } = command.value;
        const { sha256, sizeBytes, filename } = bundle;
        handlers.updateOffered({
          version,
          offer: Number(offer),
          blob: { sha256, sizeBytes: Number(sizeBytes), filename },
        });
      } else if (command.case === "cancel" && command.value.attempt) {
        handlers.cancel(command.value.attempt, command.value.reason);
      } else if (command.case === "checkHealth") handlers.checkHealth();
      else if (command.case === "leave") handlers.leave(command.value.reason);
    } catch (cause) {
      this.#parts.log.warn({ err: cause }, "a control message could not be read");
    }
  }

  #wait(clock: Clock, delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(delayMs, resolve);
      this.#stopping.signal.addEventListener("abort", () => {
        cancel();
        resolve();
      });
    });
  }
}
