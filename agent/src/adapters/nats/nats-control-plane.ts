import { create } from "@bufbuild/protobuf";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { agent as wire, SUBJECTS } from "@kiln/proto";
import { backoffMs } from "../../domain/backoff.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ControlPlane, ControlPlaneHandlers, HeartbeatFacts } from "../../ports/control-plane.ts";
import type { Log } from "../../ports/log.ts";
import { AssignmentConsumer } from "./assignment-consumer.ts";

const RECONNECT_WAIT_MS = 100;
const CONNECT_TIMEOUT_MS = 5_000;
const BACKOFF = { baseMs: 100, capMs: 5_000 };

export interface NatsOptions {
  readonly url: string;
  readonly token: string;
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
  #connection: NatsConnection | null = null;
  #isConnected = false;
  #isTaking = false;
  #consumer: AssignmentConsumer | null = null;
  #handlers: ControlPlaneHandlers | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: NatsOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
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
    const message = create(wire.HeartbeatSchema, {
      agentId,
      sessionId,
      attempts: [...facts.attempts],
      diskFreeBytes: BigInt(facts.diskFreeBytes),
      spoolBytes: BigInt(Math.max(0, facts.spoolBytes)),
    });
    this.#connection.publish(SUBJECTS.heartbeat.of(agentId), SUBJECTS.heartbeat.encode(message));
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
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
      }
      if (this.#stopping.signal.aborted) return;
      await this.#wait(clock, backoffMs(Math.max(1, failures), random(), BACKOFF));
    }
  }

  #connect(): Promise<NatsConnection> {
    const { url, token, agentId } = this.#options;
    return connect({
      servers: url,
      token,
      name: `kiln-agent-${agentId}`,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_WAIT_MS,
      reconnectJitter: RECONNECT_WAIT_MS * 4,
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
        log.info({ server: status.server }, "the connection to NATS is there again");
        handlers.connected();
        // A new consumer, rather than the client's own recovery, which waits long when JetStream starts late.
        this.#consumer?.stop();
        this.#consumer = null;
        this.#consume();
      } else if (status.type === "error") {
        log.warn({ err: status.error }, "NATS reported an error");
      }
    }
    this.#isConnected = false;
    this.#consumer?.stop();
    this.#consumer = null;
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
      else if (command.case === "cancel" && command.value.attempt) {
        handlers.cancel(command.value.attempt, command.value.reason);
      }
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
