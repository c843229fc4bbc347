import { create } from "@bufbuild/protobuf";
import {
  AckPolicy,
  DiscardPolicy,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type JetStreamClient,
  type JetStreamManager,
} from "@nats-io/jetstream";
import { connect, credsAuthenticator, nanos, type NatsConnection } from "@nats-io/transport-node";
import { natsCoordinator, natsCreds, natsTls, type FarmIdentity } from "@kiln/identity";
import { agent as wire, job, CONSUMERS, reconnectDelay, STREAMS, SUBJECTS } from "@kiln/proto";
import type { Logger } from "pino";
import type { OfferedUpdate } from "../../domain/agent-update.ts";
import type { AttemptKey } from "../../domain/attempt-key.ts";
import type { Heartbeat } from "../../domain/heartbeat.ts";
import type { AgentBus, HeldAssignments, OutgoingAssignment } from "../../ports/agent-bus.ts";
import { assignmentMessage } from "./assignment-message.ts";
import { readHeartbeat } from "./read-heartbeat.ts";

export interface NatsOptions {
  readonly url: string;
  /** Whose servers these are: TLS, and the coordinator as a user of the farm's account. */
  readonly identity: FarmIdentity;
  /** How long one assignment may wait for the server's acknowledgement. */
  readonly publishTimeoutMs: number;
  /** How long the first connection may take before starting fails. */
  readonly connectTimeoutMs: number;
}

const RECONNECT_WAIT_MS = 100;

/** Connects to NATS and makes sure that the farm's stream is there. */
export async function openNatsBus(options: NatsOptions, log: Logger): Promise<AgentBus> {
  const { url, identity } = options;
  const { jwt, seed } = await natsCoordinator(identity.nats);
  const connection = await connect({
    servers: url,
    tls: natsTls(identity.authority.certificatePem, url),
    authenticator: credsAuthenticator(new TextEncoder().encode(natsCreds(jwt, seed))),
    name: "kiln-coordinator",
    // Once connected, the coordinator outlives any restart of the server.
    maxReconnectAttempts: -1,
    reconnectDelayHandler: reconnectDelay(() => RECONNECT_WAIT_MS * (1 + Math.random())),
    pingInterval: 10_000,
    timeout: options.connectTimeoutMs,
    ignoreAuthErrorAbort: true,
  });
  const bus = new NatsBus(connection, options, log);
  await bus.prepareStream();
  return bus;
}

class NatsBus implements AgentBus {
  readonly #connection: NatsConnection;
  readonly #options: NatsOptions;
  readonly #log: Logger;
  readonly #publisher: JetStreamClient;
  readonly #reconnected: (() => void)[] = [];
  #manager: JetStreamManager | null = null;
  #connected = true;

  constructor(connection: NatsConnection, options: NatsOptions, log: Logger) {
    this.#connection = connection;
    this.#options = options;
    this.#log = log;
    this.#publisher = jetstream(connection, { timeout: options.publishTimeoutMs });
    this.#watch().catch((cause: unknown) =>
      this.#log.error({ err: cause }, "the NATS connection is no longer watched"),
    );
  }

  async prepareStream(): Promise<void> {
    const { name, subjects, maxMessages, maxMessagesPerSubject, maxMessageBytes, discardNewPerSubject } =
      STREAMS.assignments;
    const config = {
      name,
      subjects: [...subjects],
      retention: RetentionPolicy.Workqueue,
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      max_msgs: maxMessages,
      max_msgs_per_subject: maxMessagesPerSubject,
      max_msg_size: maxMessageBytes,
      discard_new_per_subject: discardNewPerSubject,
    };
    const manager = await this.#jetstream();
    const known = await manager.streams.list().next();
    if (known.some((stream) => stream.config.name === name)) await manager.streams.update(name, config);
    else await manager.streams.add(config);
  }

  async prepareAgent(agentId: string): Promise<void> {
    const { stream, durableName, filterSubject, ackWaitMs, maxDeliver, maxAckPending } = CONSUMERS.assignments;
    const manager = await this.#jetstream();
    await manager.consumers.add(stream, {
      durable_name: durableName(agentId),
      filter_subject: filterSubject(agentId),
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ackWaitMs),
      max_deliver: maxDeliver,
      max_ack_pending: maxAckPending,
    });
  }

  async publishAssignment(assignment: OutgoingAssignment): Promise<void> {
    const { assignments } = SUBJECTS;
    await this.#publisher.publish(
      assignments.of(assignment.agentId),
      assignments.encode(assignmentMessage(assignment)),
    );
  }

  requestStop(agentId: string, key: AttemptKey, reason: string): void {
    const value = create(wire.CancelAttemptSchema, { attempt: key, reason });
    this.#control(agentId, { case: "cancel", value });
  }

  requestRegistration(agentId: string): void {
    this.#control(agentId, { case: "registerAgain", value: create(wire.RegisterAgainSchema) });
  }

  requestHealthCheck(agentId: string): void {
    this.#control(agentId, { case: "checkHealth", value: create(wire.CheckHealthSchema) });
  }

  requestLeave(agentId: string, reason: string): void {
    this.#control(agentId, { case: "leave", value: create(wire.LeaveSchema, { reason }) });
  }

  offerUpdate(agentId: string, { offer, version, sha256, sizeBytes }: OfferedUpdate): void {
    const bundle = create(job.BlobRefSchema, { sha256, sizeBytes: BigInt(sizeBytes), filename: "kiln-agent.mjs" });
    const value = create(wire.OfferUpdateSchema, { version, bundle, offer: BigInt(offer) });
    this.#control(agentId, { case: "offerUpdate", value });
  }

  onHeartbeat(listener: (heartbeat: Heartbeat) => void): void {
    this.#connection.subscribe(SUBJECTS.heartbeat.all, {
      callback: (error, message) => {
        if (error) return this.#log.warn({ err: error }, "a heartbeat could not be received");
        const heartbeat = this.#readHeartbeat(message.data, message.subject);
        return heartbeat ? listener(heartbeat) : undefined;
      },
    });
  }

  onReconnected(listener: () => void): void {
    this.#reconnected.push(listener);
  }

  isConnected(): boolean {
    return this.#connected;
  }

  roundTripMs(): Promise<number> {
    return this.#connection.rtt();
  }

  /** One request for the stream, and one for each 256 agents. */
  async heldAssignments(nowMs: number): Promise<HeldAssignments> {
    const { name } = STREAMS.assignments;
    const manager = await this.#jetstream();
    const { state } = await manager.streams.info(name);
    // Acknowledged ones are deleted: of an empty stream the first is the next to come.
    if (state.messages === 0) return { undelivered: 0, unacknowledged: 0, oldestAgeMs: 0 };
    let [undelivered, unacknowledged] = [0, 0];
    for await (const { num_pending, num_ack_pending } of manager.consumers.list(name)) {
      undelivered += num_pending;
      unacknowledged += num_ack_pending;
    }
    return { undelivered, unacknowledged, oldestAgeMs: Math.max(0, nowMs - Date.parse(state.first_ts)) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#connection.isClosed()) return;
    await this.#connection.close();
  }

  /** The manager asks the server once who it is; made when first needed. */
  async #jetstream(): Promise<JetStreamManager> {
    this.#manager ??= await jetstreamManager(this.#connection, { timeout: this.#options.publishTimeoutMs });
    return this.#manager;
  }

  #control(agentId: string, command: wire.Control["command"]): void {
    // Dropped while the server is away: whoever asks asks again with the next heartbeat.
    if (!this.#connected) return;
    const message = create(wire.ControlSchema, { command });
    this.#connection.publish(SUBJECTS.control.of(agentId), SUBJECTS.control.encode(message));
  }

  /** An agent may only speak for itself: the subject says who it is. */
  #readHeartbeat(bytes: Uint8Array, subject: string): Heartbeat | null {
    try {
      const message = SUBJECTS.heartbeat.decode(bytes);
      if (subject !== SUBJECTS.heartbeat.of(message.agentId)) throw new Error(`it says it is from ${message.agentId}`);
      return readHeartbeat(message);
    } catch (cause) {
      this.#log.warn({ err: cause, subject }, "a heartbeat could not be read");
      return null;
    }
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === "disconnect") {
        this.#connected = false;
        this.#log.warn({ server: status.server }, "the connection to NATS is lost");
      } else if (status.type === "reconnect") {
        this.#connected = true;
        this.#log.info({ server: status.server }, "the connection to NATS is there again");
        await this.#afterReconnect();
      } else if (status.type === "error") {
        this.#log.warn({ err: status.error }, "NATS reported an error");
      }
    }
  }

  /** A server that lost its store gets the stream again; consumers follow when agents register again. */
  async #afterReconnect(): Promise<void> {
    try {
      await this.prepareStream();
    } catch (cause) {
      this.#log.warn({ err: cause }, "the stream could not be prepared after a reconnection");
    }
    for (const listener of this.#reconnected) listener();
  }
}
