import { create } from "@bufbuild/protobuf";
import {
  Server,
  ServerCredentials,
  status,
  type handleUnaryCall,
  type ServerUnaryCall,
  type sendUnaryData,
  type ServiceError,
} from "@grpc/grpc-js";
import { agentIdOf } from "@kiln/identity";
import { agent as wire, grpcService } from "@kiln/proto";
import type { Logger } from "pino";
import type { AgentRegistry } from "../../services/agent-registry.ts";
import type { AgentUpdates } from "../../services/agent-updates.ts";
import type { AttemptSecrets } from "../../services/attempt-secrets.ts";
import type { AuditLog } from "../../services/audit-log.ts";
import { FrameGapError, type Ingest } from "../../services/ingest.ts";
import { BadMessageError } from "./bad-message.ts";
import { decodableService } from "./decodable-service.ts";
import type { HealthReport } from "../../domain/health-report.ts";
import { parseHealth } from "./parse-health.ts";
import { fetchSecrets, hostOf } from "./fetch-secrets.ts";
import { parseRegistration, softwareReport } from "./parse-registration.ts";
import type { ResultsCall } from "./results-call.ts";
import { ResultsRequests } from "./results-requests.ts";
import { ResultsSession } from "./results-session.ts";
import type { TlsMaterial } from "../tls/tls-material.ts";
import { listenTls } from "./tls-listener.ts";

export interface GrpcOptions {
  readonly address: string;
  readonly tls: TlsMaterial;
  readonly heartbeatIntervalMs: number;
  /** Bytes of frames that an agent may send ahead of acknowledgements. */
  readonly windowBytes: number;
}

/** A frame batch is at most a few hundred KiB; anything larger is refused before it is read. */
const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;

export interface GrpcServer extends AsyncDisposable {
  /** `host:port` that it listens on. */
  readonly address: string;
  /** New connections see this certificate; those that are there go on. */
  replaceCertificate(tls: TlsMaterial): void;
  /** Ends what the agent has under way. Its certificate is refused from when `isAgent` says no. */
  endAgent(agentId: string): void;
}

interface GrpcParts {
  readonly registry: AgentRegistry;
  readonly updates: Pick<AgentUpdates, "registered">;
  readonly ingest: Ingest;
  readonly health: HealthReports;
  readonly attemptSecrets: AttemptSecrets;
  readonly audit: Pick<AuditLog, "note">;
  readonly log: Logger;
  /** Whether the farm still takes this agent's certificate. */
  readonly identities: { isAgent(agentId: string): boolean };
}

/** What agents talk to: over TLS, with a certificate of the farm's authority on both sides. */
export async function startGrpcServer(parts: GrpcParts, options: GrpcOptions): Promise<GrpcServer> {
  const server = new Server({
    "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
    "grpc.keepalive_time_ms": 20_000,
    "grpc.keepalive_timeout_ms": 10_000,
  });
  const sessions = new SessionTable();
  server.addService(decodableService(grpcService(wire.AgentService)), {
    register: registerHandler(parts, options),
    reportHealth: healthHandler(parts),
    fetchSecrets: fetchSecretsHandler(parts),
    streamResults: (call: ResultsCall) => {
      serveResults(call, sessions, parts).catch((cause: unknown) => {
        const error = describe(cause);
        if (error.code === status.INTERNAL) parts.log.error({ err: cause }, "a results stream failed");
        else parts.log.warn({ err: cause }, "a results stream was ended");
        endWith(call, error);
      });
    },
  });
  // grpc-js does not tell of TLS handshakes that fail: so it is given connections whose certificate was looked at.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const [host = "127.0.0.1", port] = options.address.split(/:(?=[0-9]+$)/);
  const listener = await listenTls(
    { host: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port), tls: options.tls },
    parts,
    (socket) => injector.injectConnection(socket),
  );
  return {
    address: `${host}:${listener.port}`,
    replaceCertificate: (tls) => listener.replaceCertificate(tls),
    endAgent: (agentId) => sessions.end(agentId, revoked()),
    [Symbol.asyncDispose]: async () => {
      server.forceShutdown();
      await listener[Symbol.asyncDispose]();
    },
  };
}

/**
 * grpc-js takes the status of a stream from its `error` event, and sends it once
 * everything before it is written; whoever reads the stream destroys it at that
 * event, and with it what is not written yet. So a last message, which agents
 * pass over, goes first.
 */
function endWith(call: ResultsCall, error: ServiceError): void {
  const end = (): void => void call.emit("error", error);
  if (call.writable) call.write(create(wire.StreamResultsResponseSchema), end);
  else end();
}

/** One live results session per agent: a new one waits until the one before has let go. */
class SessionTable {
  readonly #live = new Map<string, { readonly requests: ResultsRequests; readonly done: Promise<void> }>();

  async takeOver(agentId: string, requests: ResultsRequests, done: Promise<void>): Promise<void> {
    const before = this.#live.get(agentId);
    this.#live.set(agentId, { requests, done });
    if (!before) return;
    before.requests.stop(serviceError(status.ABORTED, "this agent opened another results stream"));
    await before.done;
  }

  end(agentId: string, error: ServiceError): void {
    this.#live.get(agentId)?.requests.stop(error);
  }

  release(agentId: string, requests: ResultsRequests): void {
    if (this.#live.get(agentId)?.requests === requests) this.#live.delete(agentId);
  }
}

async function serveResults(call: ResultsCall, sessions: SessionTable, parts: GrpcParts): Promise<void> {
  const { registry, ingest, audit } = parts;
  const peer = peerOf(call, parts);
  const requests = new ResultsRequests(call);
  const first = await requests.next();
  if (first.done) throw new BadMessageError("a results stream begins with a hello");
  const { message } = first.value;
  if (message.case !== "hello") throw new BadMessageError("a results stream begins with a hello");
  const hello = message.value;
  mustSpeakForItself(call, peer, hello.agentId, parts);
  if (!registry.isRegistered(hello.agentId, hello.sessionId)) {
    throw serviceError(status.NOT_FOUND, "this agent process is not registered: register first");
  }
  const session = new ResultsSession(hello.agentId, call, ({ run, job, attempt }, detail) => {
    const by = { who: `agent:${hello.agentId}`, from: hostOf(call.getPeer()) };
    const object = `r${run} job ${job} attempt ${attempt}`;
    audit.note(by, { what: "access", object, outcome: "refused", detail });
  });
  const { promise: done, resolve: markDone } = Promise.withResolvers<void>();
  try {
    await sessions.takeOver(hello.agentId, requests, done);
    // Revoked while it waited for its turn: nobody would end this one.
    peerOf(call, parts);
    await session.run(hello, requests, ingest);
    call.end();
  } finally {
    session.end();
    sessions.release(hello.agentId, requests);
    markDone();
  }
}

function registerHandler(
  parts: GrpcParts,
  options: GrpcOptions,
): handleUnaryCall<wire.RegisterRequest, wire.RegisterResponse> {
  const register = async (
    call: ServerUnaryCall<wire.RegisterRequest, wire.RegisterResponse>,
  ): Promise<wire.RegisterResponse> => {
    const { request } = call;
    const peer = peerOf(call, parts);
    const registration = parseRegistration(request);
    mustSpeakForItself(call, peer, registration.agentId, parts);
    const outcome = await parts.registry.register(registration);
    if (outcome.ok) await parts.updates.registered(registration.agentId, softwareReport(request));
    if (!outcome.ok) throw serviceError(status.RESOURCE_EXHAUSTED, `the farm holds at most ${outcome.limit} agents`);
    return create(wire.RegisterResponseSchema, {
      heartbeatIntervalMs: options.heartbeatIntervalMs,
      windowBytes: options.windowBytes,
    });
  };
  return (call, callback: sendUnaryData<wire.RegisterResponse>) => {
    register(call).then(
      (response) => callback(null, response),
      (cause: unknown) => {
        parts.log.warn({ err: cause }, "an agent could not be registered");
        callback(describe(cause));
      },
    );
  };
}

/**
 * The agent whose certificate the call came with. Throws UNAUTHENTICATED for one that the farm does not take: agents
 * take that for a reason to join again, not to try again.
 */
function peerOf(
  call: Pick<ResultsCall, "getAuthContext" | "getPeer">,
  { identities, audit }: Pick<GrpcParts, "identities" | "audit">,
): string {
  const certificate = call.getAuthContext().sslPeerCertificate;
  const agentId = certificate ? agentIdOf(certificate) : null;
  if (agentId !== null && identities.isAgent(agentId)) return agentId;
  const by = { who: "nobody", from: hostOf(call.getPeer()) };
  const error = agentId === null ? notAnAgent() : revoked();
  audit.note(by, { what: "access", object: `agent ${agentId ?? ""}`, outcome: "refused", detail: error.details });
  throw error;
}

function notAnAgent(): ServiceError {
  return serviceError(status.UNAUTHENTICATED, "the certificate is not an agent's");
}

function mustSpeakForItself(
  call: Pick<ResultsCall, "getPeer">,
  peer: string,
  agentId: string,
  { audit }: Pick<GrpcParts, "audit">,
): void {
  if (peer === agentId) return;
  const by = { who: `agent:${peer}`, from: hostOf(call.getPeer()) };
  const detail = `it came with its own certificate and spoke for agent ${agentId}`;
  audit.note(by, { what: "access", object: `agent ${agentId}`, outcome: "refused", detail });
  throw serviceError(status.PERMISSION_DENIED, `the certificate is of agent ${peer}: it may not speak for another`);
}

function revoked(): ServiceError {
  return serviceError(status.UNAUTHENTICATED, "this agent was revoked, or never joined: it must join again");
}

/** Takes what agents find when they look at their health; false when no such agent is registered. */
export interface HealthReports {
  reportHealth(agentId: string, report: HealthReport): Promise<boolean>;
}

function healthHandler(parts: GrpcParts): handleUnaryCall<wire.ReportHealthRequest, wire.ReportHealthResponse> {
  const report = async (
    call: ServerUnaryCall<wire.ReportHealthRequest, wire.ReportHealthResponse>,
  ): Promise<wire.ReportHealthResponse> => {
    const { agentId, sessionId } = call.request;
    mustSpeakForItself(call, peerOf(call, parts), agentId, parts);
    const known = parts.registry.isRegistered(agentId, sessionId);
    if (!known || !(await parts.health.reportHealth(agentId, parseHealth(call.request)))) {
      throw serviceError(status.NOT_FOUND, "this agent process is not registered: register first");
    }
    return create(wire.ReportHealthResponseSchema);
  };
  return (call, callback: sendUnaryData<wire.ReportHealthResponse>) => {
    report(call).then(
      (response) => callback(null, response),
      (cause: unknown) => {
        parts.log.warn({ err: cause }, "a health report was refused");
        callback(describe(cause));
      },
    );
  };
}

function fetchSecretsHandler(parts: GrpcParts): handleUnaryCall<wire.FetchSecretsRequest, wire.FetchSecretsResponse> {
  const fetch = async (
    call: ServerUnaryCall<wire.FetchSecretsRequest, wire.FetchSecretsResponse>,
  ): Promise<wire.FetchSecretsResponse> => {
    mustSpeakForItself(call, peerOf(call, parts), call.request.agentId, parts);
    const fetched = await fetchSecrets(parts, call.request, call.getPeer());
    if (fetched.ok) return fetched.response;
    throw serviceError(fetched.code, fetched.detail);
  };
  return (call, callback: sendUnaryData<wire.FetchSecretsResponse>) => {
    fetch(call).then(
      (response) => callback(null, response),
      (cause: unknown) => {
        parts.log.warn({ err: cause }, "secrets could not be given");
        callback(describe(cause));
      },
    );
  };
}

function describe(cause: unknown): ServiceError {
  if (cause instanceof BadMessageError) return serviceError(status.INVALID_ARGUMENT, cause.message);
  if (cause instanceof FrameGapError) return serviceError(status.ABORTED, cause.message);
  if (isServiceError(cause)) return cause;
  return serviceError(status.INTERNAL, "the coordinator could not handle this; its log says why");
}

function isServiceError(cause: unknown): cause is ServiceError {
  return cause instanceof Error && "code" in cause && "details" in cause && typeof cause.code === "number";
}

function serviceError(code: status, details: string): ServiceError {
  return Object.assign(new Error(details), { code, details, metadata: undefined as never });
}
