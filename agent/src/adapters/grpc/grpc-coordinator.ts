import { create, toBinary } from "@bufbuild/protobuf";
import { credentials, makeClientConstructor, Metadata, status, type Client, type ServiceError } from "@grpc/grpc-js";
import { agent as wire, grpcService } from "@kiln/proto";
import type {
  Coordinator,
  FetchSecretsResult,
  RegisterResult,
  Registration,
  ResultsConnection,
  ResultsHandlers,
} from "../../ports/coordinator.ts";
import type { Credentials, CredentialSource } from "../../ports/credentials.ts";
import type { HealthReporter, ReportHealthResult } from "../../ports/health.ts";
import type { HealthReport } from "../../domain/health/health-check.ts";
import { healthMessage } from "./health-message.ts";
import { registerRequest } from "./register-request.ts";
import { GrpcResultsConnection, type ResultsCall } from "./results-connection.ts";

const REGISTER_TIMEOUT_MS = 10_000;
const FETCH_SECRETS_TIMEOUT_MS = 10_000;
const REPORT_TIMEOUT_MS = 10_000;
const WINDOW_BYTES_DEFAULT = 4 * 1024 * 1024;
const WINDOW_BYTES_MAX = 64 * 1024 * 1024;
const HEARTBEAT_INTERVAL_MS_DEFAULT = 2_000;

interface AgentClient extends Client {
  register(
    request: wire.RegisterRequest,
    metadata: Metadata,
    options: { deadline: number },
    callback: (error: ServiceError | null, response?: wire.RegisterResponse) => void,
  ): unknown;
  fetchSecrets(
    request: wire.FetchSecretsRequest,
    metadata: Metadata,
    options: { deadline: number },
    callback: (error: ServiceError | null, response?: wire.FetchSecretsResponse) => void,
  ): unknown;
  reportHealth(
    request: wire.ReportHealthRequest,
    metadata: Metadata,
    options: { deadline: number },
    callback: (error: ServiceError | null, response?: wire.ReportHealthResponse) => void,
  ): unknown;
  streamResults(metadata: Metadata): ResultsCall;
}

const SERVICE = grpcService(wire.AgentService);
const AgentServiceClient = makeClientConstructor(
  { ...SERVICE, streamResults: { ...SERVICE.streamResults, requestSerialize: (encoded: Buffer) => encoded } },
  "AgentService",
);

/**
 * The coordinator over gRPC, with this agent's certificate: the newest one for
 * each call that begins. Calls under way keep the connection that they have.
 */
export class GrpcCoordinator implements Coordinator, HealthReporter, Disposable {
  readonly #ids: { readonly agentId: string; readonly sessionId: string };
  readonly #credentials: CredentialSource;
  readonly #unwatch: () => void;
  #client: AgentClient | null = null;

  constructor(credentials: CredentialSource, ids: { readonly agentId: string; readonly sessionId: string }) {
    this.#credentials = credentials;
    this.#ids = ids;
    this.#unwatch = credentials.watch(() => this.#forget());
  }

  register(registration: Registration): Promise<RegisterResult> {
    return new Promise((resolve) => {
      const options = { deadline: Date.now() + REGISTER_TIMEOUT_MS };
      this.#open().register(registerRequest(registration), new Metadata(), options, (error, response) => {
        if (error || !response) {
          const message = error?.details || error?.message || "the coordinator gave no answer";
          return resolve({ ok: false, message, isFinal: error !== null && isShutOut(error) });
        }
        const windowBytes = Math.min(response.windowBytes || WINDOW_BYTES_DEFAULT, WINDOW_BYTES_MAX);
        const heartbeatIntervalMs = response.heartbeatIntervalMs || HEARTBEAT_INTERVAL_MS_DEFAULT;
        return resolve({ ok: true, terms: { windowBytes, heartbeatIntervalMs } });
      });
    });
  }

  fetchSecrets({ agentId, sessionId, ref }: Parameters<Coordinator["fetchSecrets"]>[0]): Promise<FetchSecretsResult> {
    const request = create(wire.FetchSecretsRequestSchema, { agentId, sessionId, attempt: ref });
    return new Promise((resolve) => {
      const options = { deadline: Date.now() + FETCH_SECRETS_TIMEOUT_MS };
      this.#open().fetchSecrets(request, new Metadata(), options, (error, response) => {
        if (response) return resolve({ ok: true, values: response.values });
        const message = error?.details || error?.message || "the coordinator gave no answer";
        return resolve({ ok: false, message, isPassing: error === null || PASSING.has(error.code) });
      });
    });
  }

  reportHealth(report: HealthReport): Promise<ReportHealthResult> {
    return new Promise((resolve) => {
      const options = { deadline: Date.now() + REPORT_TIMEOUT_MS };
      this.#open().reportHealth(healthMessage(report, this.#ids), new Metadata(), options, (error) => {
        if (!error) return resolve({ ok: true });
        const message = error.details || error.message;
        return resolve({ ok: false, message, isFinal: CANNOT_HELP.has(error.code) });
      });
    });
  }

  openResults(hello: Parameters<Coordinator["openResults"]>[0], handlers: ResultsHandlers): ResultsConnection {
    const call = this.#open().streamResults(new Metadata());
    const value = create(wire.HelloSchema, { ...hello, attempts: [...hello.attempts] });
    const message = create(wire.StreamResultsRequestSchema, { message: { case: "hello", value } });
    call.write(Buffer.from(toBinary(wire.StreamResultsRequestSchema, message)));
    return new GrpcResultsConnection(call, handlers, needsRegistration);
  }

  [Symbol.dispose](): void {
    this.#unwatch();
    this.#forget();
  }

  #open(): AgentClient {
    return (this.#client ??= connectTo(this.#credentials.current()));
  }

  #forget(): void {
    this.#client?.close();
    this.#client = null;
  }
}

function connectTo({ farm, authorityPem, privateKeyPem, certificatePem }: Credentials): AgentClient {
  const [ca, key, certificate] = [authorityPem, privateKeyPem, certificatePem].map((pem) => Buffer.from(pem));
  const secure = credentials.createSsl(ca ?? null, key ?? null, certificate ?? null);
  return new AgentServiceClient(farm.grpcAddress, secure, {
    // As HTTPS and NATS do: an agent and its farm reach each other without a proxy.
    "grpc.enable_http_proxy": 0,
    // The services above have their own backoff; the channel's must not add to it.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1_000,
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.max_send_message_length": -1,
  }) as unknown as AgentClient;
}

/** Statuses after which the same report would be refused again. */
const CANNOT_HELP: ReadonlySet<status> = new Set([
  status.INVALID_ARGUMENT,
  status.OUT_OF_RANGE,
  status.PERMISSION_DENIED,
  status.UNAUTHENTICATED,
  status.UNIMPLEMENTED,
]);

/** The coordinator will have nothing more of this certificate: revoked, or never of an agent. */
function isShutOut({ code }: ServiceError): boolean {
  return code === status.UNAUTHENTICATED || code === status.PERMISSION_DENIED;
}

/** The coordinator is away, or does not know the agent yet. */
const PASSING: ReadonlySet<status> = new Set([status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.NOT_FOUND]);

/** Statuses by which a coordinator says that it does not know the agent, or not any more: registering tells which. */
function needsRegistration(code: status): boolean {
  return [status.NOT_FOUND, status.FAILED_PRECONDITION, status.UNAUTHENTICATED, status.PERMISSION_DENIED].includes(
    code,
  );
}
