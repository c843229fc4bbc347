import { jetstream, type ConsumerMessages, type JsMsg } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { CONSUMERS, SUBJECTS } from "@kiln/proto";
import { backoffMs } from "../../domain/backoff.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ControlPlaneHandlers } from "../../ports/control-plane.ts";
import type { Log } from "../../ports/log.ts";
import { parseAssignment } from "../wire/parse-assignment.ts";

const API_TIMEOUT_MS = 2_000;
const BACKOFF = { baseMs: 100, capMs: 2_000 };
/** Messages asked for ahead: each is in the spool, or put off, as soon as it comes. */
const PULL_MESSAGES = 500;
/** An idle pull is renewed this often; a dead one is noticed after two missed heartbeats. */
const PULL_EXPIRES_MS = 5_000;
const PULL_HEARTBEAT_MS = 1_000;

interface Parts {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/**
 * Takes assignments from the agent's JetStream consumer over one connection,
 * until stopped; a consumer that is not there is asked for by registering again.
 */
export class AssignmentConsumer {
  readonly #connection: NatsConnection;
  readonly #agentId: string;
  readonly #parts: Parts;
  readonly #handlers: ControlPlaneHandlers;
  #messages: ConsumerMessages | null = null;
  #cancelRetry: (() => void) | null = null;
  #isStopped = false;
  #failures = 0;

  constructor(connection: NatsConnection, agentId: string, parts: Parts, handlers: ControlPlaneHandlers) {
    this.#connection = connection;
    this.#agentId = agentId;
    this.#parts = parts;
    this.#handlers = handlers;
  }

  start(): void {
    void this.#consume();
  }

  /** Idempotent. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelRetry?.();
    this.#messages?.close().catch(() => undefined);
  }

  async #consume(): Promise<void> {
    const { stream, durableName } = CONSUMERS.assignments;
    try {
      const client = jetstream(this.#connection, { timeout: API_TIMEOUT_MS });
      const consumer = await client.consumers.get(stream, durableName(this.#agentId));
      if (this.#isStopped) return;
      const messages = await consumer.consume({
        max_messages: PULL_MESSAGES,
        expires: PULL_EXPIRES_MS,
        idle_heartbeat: PULL_HEARTBEAT_MS,
        abort_on_missing_resource: true,
        callback: (message) => this.#deliver(message),
      });
      this.#messages = messages;
      if (this.#isStopped) return this.stop();
      this.#failures = 0;
      this.#parts.log.info({ stream }, "taking assignments");
      const error = await messages.closed();
      if (error) throw error;
    } catch (cause) {
      if (this.#isStopped) return;
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#parts.log.warn({ reason }, "assignments cannot be taken");
      if (isMissing(cause)) this.#handlers.registerAgain();
    }
    if (!this.#isStopped) this.#retry();
  }

  #retry(): void {
    const { clock, random } = this.#parts;
    const delayMs = backoffMs(++this.#failures, random(), BACKOFF);
    this.#cancelRetry = clock.after(delayMs, () => void this.#consume());
  }

  #deliver(message: JsMsg): void {
    if (this.#isStopped) return;
    try {
      const parsed = parseAssignment(SUBJECTS.assignments.decode(message.data));
      if (parsed.ok) {
        return this.#handlers.assignment({
          assignment: parsed.assignment,
          bytes: message.data,
          accept: () => message.ack(),
          later: (delayMs) => message.nak(delayMs),
        });
      }
      this.#parts.log.error({ reason: parsed.message }, "an assignment makes no sense");
    } catch (cause) {
      this.#parts.log.error({ err: cause }, "an assignment could not be taken");
    }
    // It would not get better: its lease runs out at the coordinator.
    message.term();
  }
}

/** The stream or the consumer is not there. */
function isMissing(cause: unknown): boolean {
  return cause instanceof Error && /(?:stream|consumer) not found/i.test(cause.message);
}
