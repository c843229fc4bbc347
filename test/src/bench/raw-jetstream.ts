import { natsCoordinator, natsCreds, natsTls, type FarmIdentity } from "@kiln/identity";
import {
  AckPolicy,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type ConsumerMessages,
  type JetStreamClient,
} from "@nats-io/jetstream";
import { connect, credsAuthenticator, type NatsConnection } from "@nats-io/transport-node";

const STREAM = "BENCH";
const SUBJECT = "bench.jobs";

/** JetStream alone, as the farm uses it: a file stream with work-queue retention, one durable consumer. */
export class RawJetStream implements AsyncDisposable {
  readonly #connection: NatsConnection;
  readonly #client: JetStreamClient;
  readonly #messages: ConsumerMessages;
  #delivered: (sentAt: number) => void = () => {};

  private constructor(connection: NatsConnection, messages: ConsumerMessages) {
    this.#connection = connection;
    this.#client = jetstream(connection);
    this.#messages = messages;
    void this.#consume();
  }

  /** `url` is of a server of this farm: over TLS, as the farm itself. */
  static async open(url: string, identity: FarmIdentity): Promise<RawJetStream> {
    const { jwt, seed } = await natsCoordinator(identity.nats);
    const authenticator = credsAuthenticator(new TextEncoder().encode(natsCreds(jwt, seed)));
    const tls = natsTls(identity.authority.certificatePem, url);
    const connection = await connect({ servers: url, tls, authenticator });
    const manager = await jetstreamManager(connection);
    await manager.streams.add({
      name: STREAM,
      subjects: [SUBJECT],
      retention: RetentionPolicy.Workqueue,
      storage: StorageType.File,
    });
    await manager.consumers.add(STREAM, {
      durable_name: "bench",
      ack_policy: AckPolicy.Explicit,
      max_ack_pending: 10_000,
    });
    const consumer = await jetstream(connection).consumers.get(STREAM, "bench");
    return new RawJetStream(connection, await consumer.consume({ max_messages: 1_000 }));
  }

  /** Milliseconds from before publishing to delivery, one message at a time. */
  async latenciesMs(count: number, bytes: number): Promise<number[]> {
    const payload = new Uint8Array(bytes);
    const samples: number[] = [];
    for (let sent = 0; sent < count; sent += 1) {
      const delivered = new Promise<void>((resolve) => (this.#delivered = () => resolve()));
      const startedMs = performance.now();
      await Promise.all([this.#client.publish(SUBJECT, payload), delivered]);
      samples.push(performance.now() - startedMs);
    }
    return samples;
  }

  /** Messages per second, published with an acknowledgement each and acknowledged by the consumer. */
  async messagesPerSecond(count: number, bytes: number, inFlight: number): Promise<number> {
    const payload = new Uint8Array(bytes);
    let left = count;
    const all = new Promise<void>((resolve) => (this.#delivered = () => (left -= 1) === 0 && resolve()));
    const startedMs = performance.now();
    let unsent = count;
    const publish = async (): Promise<void> => {
      while (unsent-- > 0) await this.#client.publish(SUBJECT, payload);
    };
    await Promise.all([all, ...Array.from({ length: inFlight }, publish)]);
    return (count / (performance.now() - startedMs)) * 1000;
  }

  async #consume(): Promise<void> {
    for await (const message of this.#messages) {
      message.ack();
      this.#delivered(performance.now());
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#messages.close();
    await this.#connection.close();
  }
}
