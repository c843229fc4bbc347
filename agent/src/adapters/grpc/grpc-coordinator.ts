import { create, toBinary } from "@bufbuild/protobuf";
import { credentials, makeClientConstructor, Metadata, status, type Client, type ServiceError } from "@grpc/grpc-js";
import { agent as wire, grpcService } from "@kiln/proto";
import type {
  Coordinator,
  RegisterResult,
  Registration,
  ResultsConnection,
  ResultsHandlers,
} from "../../ports/coordinator.ts";
import { registerRequest } from "./register-request.ts";
import { GrpcResultsConnection, type ResultsCall } from "./results-connection.ts";

const REGISTER_TIMEOUT_MS = 10_000;
const WINDOW_BYTES_DEFAULT = 4 * 1024 * 1024;
const WINDOW_BYTES_MAX = 64 * 1024 * 1024;
const HEARTBEAT_INTERVAL_MS_DEFAULT = 2_000;

export interface GrpcOptions {
  /** host:port */
  readonly address: string;
  readonly token: string;
}

interface AgentClient extends Client {
  register(
    request: wire.RegisterRequest,
    metadata: Metadata,
    options: { deadline: number },
    callback: (error: ServiceError | null, response?: wire.RegisterResponse) => void,
  ): unknown;
  streamResults(metadata: Metadata): ResultsCall;
}

const SERVICE = grpcService(wire.AgentService);
const AgentServiceClient = makeClientConstructor(
  { ...SERVICE, streamResults: { ...SERVICE.streamResults, requestSerialize: (encoded: Buffer) => encoded } },
  "AgentService",
);

/** The coordinator over gRPC. */
export class GrpcCoordinator implements Coordinator, Disposable {
  readonly #client: AgentClient;
  readonly #token: string;

  constructor(options: GrpcOptions) {
    this.#token = options.token;
    this.#client = new AgentServiceClient(options.address, credentials.createInsecure(), {
      // The services above have their own backoff; the channel's must not add to it.
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 1_000,
      "grpc.keepalive_time_ms": 10_000,
      "grpc.keepalive_timeout_ms": 10_000,
      "grpc.max_send_message_length": -1,
    }) as unknown as AgentClient;
  }

  register(registration: Registration): Promise<RegisterResult> {
    return new Promise((resolve) => {
      const options = { deadline: Date.now() + REGISTER_TIMEOUT_MS };
      this.#client.register(registerRequest(registration), this.#metadata(), options, (error, response) => {
        if (error || !response)
          return resolve({ ok: false, message: error?.message ?? "the coordinator gave no answer" });
        const windowBytes = Math.min(response.windowBytes || WINDOW_BYTES_DEFAULT, WINDOW_BYTES_MAX);
        const heartbeatIntervalMs = response.heartbeatIntervalMs || HEARTBEAT_INTERVAL_MS_DEFAULT;
        return resolve({ ok: true, terms: { windowBytes, heartbeatIntervalMs } });
      });
    });
  }

  openResults(hello: Parameters<Coordinator["openResults"]>[0], handlers: ResultsHandlers): ResultsConnection {
    const call = this.#client.streamResults(this.#metadata());
    const value = create(wire.HelloSchema, { ...hello, attempts: [...hello.attempts] });
    const message = create(wire.StreamResultsRequestSchema, { message: { case: "hello", value } });
    call.write(Buffer.from(toBinary(wire.StreamResultsRequestSchema, message)));
    return new GrpcResultsConnection(call, handlers, needsRegistration);
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #metadata(): Metadata {
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${this.#token}`);
    return metadata;
  }
}

/** Statuses by which a coordinator says that it does not know the agent. */
function needsRegistration(code: status): boolean {
  return code === status.NOT_FOUND || code === status.FAILED_PRECONDITION;
}
