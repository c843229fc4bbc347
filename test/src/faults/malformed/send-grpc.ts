import { makeGenericClientConstructor, status, type ClientDuplexStream, type ServiceError } from "@grpc/grpc-js";
import { Metadata, type ChannelCredentials } from "@grpc/grpc-js";
import type { SeededRandom } from "../../farm/seeded-random.ts";
import { inTurns } from "./in-turns.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { validGrpcMessages } from "./valid-messages.ts";

const AT_ONCE = 40;
const DEADLINE_MS = 10_000;
/** Of one in so many streams every message is valid but one. */
const MESSAGES_MAX = 4;
const HUGE_BYTES = 5 * 1024 * 1024;

/** How a call ended: a gRPC status, and what was said with it. */
export interface GrpcEnd {
  /** The method, and the beginnings of what was sent. */
  readonly asked: string;
  readonly code: status;
  readonly details: string;
}

const asIs = (bytes: Buffer): Buffer => bytes;
const method = (name: string, stream: boolean) => ({
  path: `/kiln.v1.AgentService/${name}`,
  requestStream: stream,
  responseStream: stream,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
});

const RawClient = makeGenericClientConstructor(
  {
    register: method("Register", false),
    streamResults: method("StreamResults", true),
    unknown: method("NoSuch", false),
  },
  "AgentService",
);
type Unary = (bytes: Buffer, meta: Metadata, options: object, done: (error: ServiceError | null) => void) => void;
type Stream = (meta: Metadata, options: object) => ClientDuplexStream<Buffer, Buffer>;

/** Malformed calls by a known agent; returns how each ended. `count` messages in all. */
export async function sendMalformedGrpc(
  to: { readonly address: string; readonly credentials: ChannelCredentials },
  agentId: string,
  random: SeededRandom,
  count: number,
): Promise<GrpcEnd[]> {
  const client = new RawClient(to.address, to.credentials, { "grpc.max_send_message_length": -1 });
  const valid = validGrpcMessages(agentId);
  const ends: GrpcEnd[] = [];
  const options = (): object => ({ deadline: Date.now() + DEADLINE_MS });
  const unary = (name: "register" | "unknown", bytes: Buffer): Promise<void> =>
    new Promise((resolve) => {
      const call = client[name] as unknown as Unary;
      call.call(client, bytes, new Metadata(), options(), (error) => {
        ends.push({ asked: asked(name, [bytes]), code: error?.code ?? status.OK, details: error?.details ?? "" });
        resolve();
      });
    });
  const stream = (messages: readonly Buffer[]): Promise<void> =>
    new Promise((resolve) => {
      const call = (client["streamResults"] as unknown as Stream).call(client, new Metadata(), options());
      call.on("data", () => undefined);
      call.on("error", () => undefined);
      call.on("status", ({ code, details }) => {
        ends.push({ asked: asked("streamResults", messages), code, details });
        resolve();
      });
      for (const message of messages) call.write(message);
      call.end();
    });
  const [hello, frames] = valid.streamResults as [Buffer, Buffer];
  let sent = 0;
  await inTurns(count, AT_ONCE, async (index) => {
    if (sent >= count) return;
    if (index % 500 === 499) {
      sent += 1;
      return index % 1000 === 999 ? unary("register", Buffer.alloc(HUGE_BYTES)) : stream([Buffer.alloc(HUGE_BYTES)]);
    }
    switch (random.integer(1, 4)) {
      case 1:
        sent += 1;
        return unary("register", mutateBytes(random, valid.register[0] as Buffer));
      case 2:
        sent += 1;
        return unary("unknown", mutateBytes(random, hello));
      case 3: {
        sent += 1;
        return stream([mutateBytes(random, hello), frames]);
      }
      default: {
        const messages = Array.from({ length: random.integer(1, MESSAGES_MAX) }, () => mutateBytes(random, frames));
        sent += messages.length;
        return stream([hello, ...messages]);
      }
    }
  });
  client.close();
  return ends;
}

function asked(name: string, messages: readonly Buffer[]): string {
  return `${name} ${messages.map((bytes) => `${bytes.toString("hex").slice(0, 200)} (${bytes.length} bytes)`).join(", ")}`;
}
