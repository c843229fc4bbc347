import { create } from "@bufbuild/protobuf";
import {
  type Client,
  credentials,
  makeClientConstructor,
  Metadata,
  Server,
  ServerCredentials,
  status,
  type ClientDuplexStream,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceError,
} from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { agent, grpcService, results } from "../index.ts";

const service = grpcService(agent.AgentService);

/** A client of the service, typed by its messages. */
interface AgentClient extends Client {
  register(
    request: agent.RegisterRequest,
    metadata: Metadata,
    done: (error: ServiceError | null, response?: agent.RegisterResponse) => void,
  ): void;
  streamResults(): ClientDuplexStream<agent.StreamResultsRequest, agent.StreamResultsResponse>;
}

/** A real server that answers with what it was sent. */
const implementation = {
  register(
    call: ServerUnaryCall<agent.RegisterRequest, agent.RegisterResponse>,
    done: sendUnaryData<agent.RegisterResponse>,
  ): void {
    if (call.metadata.get("authorization")[0] !== "Bearer right") {
      done({ code: status.UNAUTHENTICATED, details: "no token" });
      return;
    }
    const memory = Number(call.request.inventory?.memoryBytes ?? 0n);
    done(null, create(agent.RegisterResponseSchema, { heartbeatIntervalMs: call.request.slots, windowBytes: memory }));
  },
  /** Acknowledges every frame at once, in the order in which they came. */
  streamResults(call: ServerDuplexStream<agent.StreamResultsRequest, agent.StreamResultsResponse>): void {
    call.on("data", ({ message }: agent.StreamResultsRequest) => {
      if (message.case === "hello") {
        const resume = message.value.attempts.map((attempt) => ({ attempt, seq: 0 }));
        call.write(create(agent.StreamResultsResponseSchema, { message: { case: "welcome", value: { resume } } }));
      }
      if (message.case === "frames") {
        const acks = message.value.frames.flatMap(({ attempt, seq }) => (attempt ? [{ attempt, seq }] : []));
        call.write(create(agent.StreamResultsResponseSchema, { message: { case: "acks", value: { acks } } }));
      }
    });
    call.on("end", () => call.end());
  },
};

interface Pair extends AsyncDisposable {
  readonly client: AgentClient;
}

async function startPair(): Promise<Pair> {
  const server = new Server();
  server.addService(service, implementation);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error === null) resolve(port);
    else reject(error);
  });
  const port = await promise;
  const AgentClient = makeClientConstructor(service, "AgentService");
  const client = new AgentClient(`127.0.0.1:${port}`, credentials.createInsecure()) as unknown as AgentClient;
  return {
    client,
    async [Symbol.asyncDispose]() {
      client.close();
      await new Promise<void>((done) => {
        server.tryShutdown(() => done());
      });
    },
  };
}

function register(client: AgentClient, token: string, request: agent.RegisterRequest): Promise<agent.RegisterResponse> {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  return new Promise((resolve, reject) => {
    client.register(request, metadata, (error, response) => {
      if (response === undefined) reject(error ?? new Error("neither error nor response"));
      else resolve(response);
    });
  });
}

const attempt = { run: 1, job: 0, attempt: 1 };

function frame(seq: number, data: Uint8Array): results.ResultFrame {
  const offset = BigInt(seq - 1) * BigInt(data.length);
  return create(results.ResultFrameSchema, { attempt, seq, body: { case: "log", value: { offset, data } } });
}

describe("a protobuf-es service as a grpc-js definition, between a real client and server", () => {
  it("has the path and the directions of each method of the .proto file", () => {
    expect(Object.keys(service).toSorted()).toEqual(["fetchSecrets", "register", "reportHealth", "streamResults"]);
    expect(service.register).toMatchObject({
      path: "/kiln.v1.AgentService/Register",
      requestStream: false,
      responseStream: false,
    });
    expect(service.streamResults).toMatchObject({
      path: "/kiln.v1.AgentService/StreamResults",
      requestStream: true,
      responseStream: true,
    });
  });

  it("carries a unary call with its metadata, and numbers beyond 32 bits whole", async () => {
    await using pair = await startPair();
    const request = create(agent.RegisterRequestSchema, { slots: 3, inventory: { memoryBytes: 2n ** 31n } });
    const response = await register(pair.client, "right", request);
    expect(response).toMatchObject({ heartbeatIntervalMs: 3, windowBytes: 2 ** 31 });
  });

  it("carries a refusal as a status", async () => {
    await using pair = await startPair();
    const refused = register(pair.client, "wrong", create(agent.RegisterRequestSchema, {}));
    await expect(refused).rejects.toMatchObject({ code: status.UNAUTHENTICATED, details: "no token" });
  });

  it("carries a stream both ways at once: hello, welcome, frames and their acknowledgements in order", async () => {
    await using pair = await startPair();
    const stream = pair.client.streamResults();
    const data = new Uint8Array(64 * 1024).fill(0xff);
    stream.write(
      create(agent.StreamResultsRequestSchema, { message: { case: "hello", value: { attempts: [attempt] } } }),
    );
    const said: string[] = [];
    for await (const response of stream as AsyncIterable<agent.StreamResultsResponse>) {
      const { message } = response;
      if (message.case === "welcome") {
        said.push(`welcome ${message.value.resume.map((ack) => ack.seq).join()}`);
        for (const seq of [1, 2, 3]) {
          const frames = [frame(seq * 2 - 1, data), frame(seq * 2, data)];
          stream.write(create(agent.StreamResultsRequestSchema, { message: { case: "frames", value: { frames } } }));
        }
        stream.end();
      }
      if (message.case === "acks") said.push(`acks ${message.value.acks.map((ack) => ack.seq).join()}`);
    }
    expect(said).toEqual(["welcome 0", "acks 1,2", "acks 3,4", "acks 5,6"]);
  });

  it("writes the very bytes of the message, not the pool that its buffer lies in", () => {
    const request = create(agent.RegisterRequestSchema, { agentId: "a", slots: 1 });
    const bytes = service.register.requestSerialize(request);
    expect([...bytes]).toEqual([0x0a, 0x01, 0x61, 0x28, 0x01]);
    expect(service.register.requestDeserialize(bytes)).toEqual(request);
  });
});
