import { connect, type NatsConnection, type NodeConnectionOptions } from "@nats-io/transport-node";
import { SUBJECTS } from "@kiln/proto";
import { randomFrom } from "../farm/seeded-random.ts";

/** How many of the last assignments may come again. */
const REMEMBERED = 200;
const REPEATED = 20;

interface Published {
  readonly subject: string;
  readonly bytes: Uint8Array;
}

/** Sees every assignment that the coordinator publishes, while nats-server runs. */
export class AssignmentRecorder implements AsyncDisposable {
  readonly #connection: NatsConnection;
  readonly #seen: Published[] = [];

  private constructor(connection: NatsConnection) {
    this.#connection = connection;
    connection.subscribe(SUBJECTS.assignments.all, {
      callback: (_error, { subject, data }) => {
        this.#seen.push({ subject, bytes: Uint8Array.from(data) });
        if (this.#seen.length > REMEMBERED) this.#seen.shift();
      },
    });
  }

  static async connect(options: NodeConnectionOptions): Promise<AssignmentRecorder> {
    const always = { maxReconnectAttempts: -1, reconnectTimeWait: 100, reconnectJitter: 0 };
    return new AssignmentRecorder(await connect({ ...options, ...always }));
  }

  get seen(): readonly Published[] {
    return this.#seen;
  }

  publish({ subject, bytes }: Published): void {
    this.#connection.publish(subject, bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }
}

/** Publishes some of the last assignments a second and a third time, the newest not last. */
export async function repeatAssignments(recorder: AssignmentRecorder, seed: number): Promise<void> {
  const random = randomFrom(seed);
  const chosen = random.shuffle(recorder.seen).slice(0, REPEATED);
  for (const assignment of [...chosen, ...random.shuffle(chosen)]) recorder.publish(assignment);
}
