import { create } from "@bufbuild/protobuf";
import {
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
} from "@grpc/grpc-js";
import { agent as wire, grpcService, type job, type results } from "@kiln/proto";
import { attemptKey } from "../domain/attempt-key.ts";
import type { FakeIdentity } from "./fake-identity.ts";
import { SignalBoard } from "./signal-board.ts";

type ResultsCall = ServerDuplexStream<wire.StreamResultsRequest, wire.StreamResultsResponse>;

/**
 * The coordinator's gRPC service as an agent sees it, with what a test may want
 * of it: it keeps every frame once and in order, notes what does not fit, and
 * cuts connections, refuses and forgets when told to.
 */
export class FakeCoordinator implements AsyncDisposable {
  readonly board = new SignalBoard();
  readonly registrations: wire.RegisterRequest[] = [];
  readonly hellos: wire.Hello[] = [];
  /** Reports of health, in the order in which they came. */
  readonly healthReports: wire.ReportHealthRequest[] = [];
  /** What happened in which order: "health KEY", "finished KEY". */
  readonly story: string[] = [];
  /** The status with which reports of health are refused. */
  rejectHealth: status | null = null;
  /** What is durable here. */
  readonly frames = new Map<string, results.ResultFrame[]>();
  /** Gaps, and frames before a hello. */
  readonly violations: string[] = [];
  readonly refusing = new Set<string>();
  readonly terms = { heartbeatIntervalMs: 50, windowBytes: 1024 * 1024 };
  /** Why every agent is shut out; null: none is. */
  refusingAgents: string | null = null;
  /** Serial numbers of the certificates with which streams were opened. */
  readonly serials: string[] = [];
  /** Frames still taken before the connection is cut, their acknowledgement lost. */
  framesBeforeCut = Infinity;
  isAcknowledging = true;
  /** The status with which streams are refused. */
  rejectStreams: status | null = null;
  bytesReceived = 0;
  readonly #identity: FakeIdentity;
  readonly #calls = new Set<ResultsCall>();
  #server: Server | null = null;
  #port = 0;

  constructor(identity: FakeIdentity) {
    this.#identity = identity;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Starts, or starts again on the same port. */
  async start(): Promise<void> {
    const server = new Server({ "grpc.max_receive_message_length": 4 * 1024 * 1024 });
    server.addService(grpcService(wire.AgentService), {
      register: (
        call: ServerUnaryCall<wire.RegisterRequest, wire.RegisterResponse>,
        callback: sendUnaryData<wire.RegisterResponse>,
      ) => {
        if (this.refusingAgents !== null) {
          callback({ code: status.UNAUTHENTICATED, details: this.refusingAgents });
          return this.board.changed();
        }
        this.registrations.push(call.request);
        callback(null, create(wire.RegisterResponseSchema, this.terms));
        return this.board.changed();
      },
      reportHealth: (
        call: ServerUnaryCall<wire.ReportHealthRequest, wire.ReportHealthResponse>,
        callback: sendUnaryData<wire.ReportHealthResponse>,
      ) => {
        if (this.rejectHealth !== null) return callback({ code: this.rejectHealth, details: "not now" });
        this.healthReports.push(call.request);
        const { attempt } = call.request;
        if (attempt) this.story.push(`health ${attemptKey(attempt)}`);
        callback(null, create(wire.ReportHealthResponseSchema));
        return this.board.changed();
      },
      streamResults: (call: ResultsCall) => this.#serve(call),
    });
    this.#server = server;
    this.#port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${this.#port}`, this.#credentials(), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
  }

  /** As if killed: connections break, nothing more is answered. */
  stop(): void {
    this.#server?.forceShutdown();
    this.#server = null;
    this.#calls.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
  }

  framesOf(key: string): readonly results.ResultFrame[] {
    return this.frames.get(key) ?? [];
  }

  finishedOf(key: string): results.Finished | null {
    const last = this.framesOf(key).at(-1)?.body;
    return last?.case === "finished" ? last.value : null;
  }

  /** Bytes of the attempt's log, put together by offset; throws where they do not join. */
  logOf(key: string): Buffer {
    const chunks: Uint8Array[] = [];
    let end = 0;
    for (const { body } of this.framesOf(key)) {
      if (body.case !== "log") continue;
      if (Number(body.value.offset) !== end) throw new Error(`a chunk at ${body.value.offset}, expected ${end}`);
      chunks.push(body.value.data);
      end += body.value.data.length;
    }
    return Buffer.concat(chunks);
  }

  /** Acknowledges everything that is durable. */
  acknowledge(): void {
    const acks = [...this.frames].map(([key, frames]) => ({
      attempt: frames[0]?.attempt ?? parseRef(key),
      seq: frames.length,
    }));
    for (const call of this.#calls) this.#send(call, { case: "acks", value: create(wire.AcksSchema, { acks }) });
  }

  cut(): void {
    for (const call of this.#calls) this.#cut(call);
  }

  /** As coordinators have it: nobody gets in without a certificate of the farm. */
  #credentials(): ServerCredentials {
    const { authority, server } = this.#identity.identity;
    const pair = { cert_chain: Buffer.from(server.certificatePem), private_key: Buffer.from(server.privateKeyPem) };
    return ServerCredentials.createSsl(Buffer.from(authority.certificatePem), [pair], true);
  }

  #serve(call: ResultsCall): void {
    this.serials.push(call.getAuthContext().sslPeerCertificate?.serialNumber ?? "");
    if (this.rejectStreams !== null) {
      fail(call, this.rejectStreams);
      this.rejectStreams = null;
      return;
    }
    this.#calls.add(call);
    call.on("data", ({ message }: wire.StreamResultsRequest) => {
      if (!this.#calls.has(call)) return;
      if (message.case === "hello") this.#greet(call, message.value);
      else if (message.case === "frames") this.#take(call, message.value.frames);
      this.board.changed();
    });
    call.on("error", () => this.#calls.delete(call));
    call.on("cancelled", () => this.#calls.delete(call));
    call.on("end", () => {
      this.#calls.delete(call);
      call.end();
    });
  }

  #greet(call: ResultsCall, hello: wire.Hello): void {
    this.hellos.push(hello);
    const resume: wire.Ack[] = [];
    for (const attempt of hello.attempts) {
      const key = attemptKey(attempt);
      if (this.refusing.has(key)) this.#refuse(call, attempt);
      else resume.push(create(wire.AckSchema, { attempt, seq: this.framesOf(key).length }));
    }
    this.#send(call, { case: "welcome", value: create(wire.WelcomeSchema, { resume }) });
  }

  #take(call: ResultsCall, frames: readonly results.ResultFrame[]): void {
    const touched = new Map<string, job.AttemptRef>();
    for (const frame of frames) {
      if (!frame.attempt) continue;
      const key = attemptKey(frame.attempt);
      if (this.refusing.has(key)) {
        this.#refuse(call, frame.attempt);
        continue;
      }
      if (this.framesBeforeCut-- <= 0) {
        this.framesBeforeCut = Infinity;
        return this.#cut(call);
      }
      const known = this.frames.get(key) ?? [];
      this.frames.set(key, known);
      if (frame.seq === known.length + 1) {
        known.push(frame);
        if (frame.body.case === "finished") this.story.push(`finished ${key}`);
      } else if (frame.seq > known.length) this.violations.push(`${key}: frame ${frame.seq} after ${known.length}`);
      if (frame.body.case === "log") this.bytesReceived += frame.body.value.data.length;
      touched.set(key, frame.attempt);
    }
    if (!this.isAcknowledging) return;
    const acks = [...touched].map(([key, attempt]) =>
      create(wire.AckSchema, { attempt, seq: this.framesOf(key).length }),
    );
    this.#send(call, { case: "acks", value: create(wire.AcksSchema, { acks }) });
  }

  #refuse(call: ResultsCall, attempt: job.AttemptRef): void {
    this.#send(call, { case: "refused", value: create(wire.RefusedSchema, { attempt, reason: "superseded" }) });
  }

  #cut(call: ResultsCall): void {
    this.#calls.delete(call);
    fail(call, status.UNAVAILABLE);
  }

  #send(call: ResultsCall, message: wire.StreamResultsResponse["message"]): void {
    call.write(create(wire.StreamResultsResponseSchema, { message }));
  }
}

/** grpc-js takes a stream's status from its `error` event. */
function fail(call: ResultsCall, code: status): void {
  call.emit("error", Object.assign(new Error("cut"), { code, details: "cut" }));
}

function parseRef(key: string): { run: number; job: number; attempt: number } {
  const [run = 0, job = 0, attempt = 0] = key.split(".").map(Number);
  return { run, job, attempt };
}
