import type { JobKind } from "@kiln/proto";
import type { AttemptRef } from "../domain/attempt-key.ts";
import type { FailedUpdate } from "../domain/update/versions.ts";
import type { Inventory } from "./inventory.ts";

export interface Registration {
  readonly agentId: string;
  readonly sessionId: string;
  readonly name: string;
  readonly version: string;
  readonly slots: number;
  readonly executor: string;
  /** Kinds of jobs that the executor runs, as plans name them. */
  readonly kinds: readonly JobKind[];
  readonly inventory: Inventory;
  /** The owner's own. */
  readonly labels: Readonly<Record<string, string>>;
  /** It takes one job, then leaves. */
  readonly isEphemeral: boolean;
  /** null: no service runs this agent that could start another version. */
  readonly service: { readonly bundleSha256: string; readonly failed: FailedUpdate | null } | null;
}

export interface RegistrationTerms {
  readonly heartbeatIntervalMs: number;
  /** Bytes of frames that may be on their way without an acknowledgement. */
  readonly windowBytes: number;
}

export type RegisterResult =
  | { readonly ok: true; readonly terms: RegistrationTerms }
  /** `isFinal`: the coordinator has shut this agent out, and no other try helps. */
  | { readonly ok: false; readonly message: string; readonly isFinal: boolean };

export interface AckedTo {
  readonly ref: AttemptRef;
  /** Every frame up to this one is durable at the coordinator; 0 when none is. */
  readonly seq: number;
}

export interface ResultsHandlers {
  /** Once, first: where each attempt of the hello goes on. */
  welcomed(resume: readonly AckedTo[]): void;
  acked(acks: readonly AckedTo[]): void;
  refused(ref: AttemptRef, reason: string): void;
  /** The connection takes more again, after `send` returned false. */
  writable(): void;
  /** Last; nothing follows. `registerFirst`: the coordinator does not know this agent. */
  closed(reason: string, registerFirst: boolean): void;
}

/** Collects encoded frames into one message. */
export interface FrameBatch {
  readonly bytes: number;
  /** Copies the frame. */
  add(frame: Uint8Array): void;
}

export interface ResultsConnection {
  /** An empty batch; the one before must have been sent. */
  batch(): FrameBatch;
  /** Sends the batch. False: wait for `writable` before the next. */
  send(): boolean;
  /** Ends the connection; `closed` is not called. */
  close(): void;
}

export type FetchSecretsResult =
  | { readonly ok: true; readonly values: Readonly<Record<string, string>> }
  /** `isPassing`: asking again may help. */
  | { readonly ok: false; readonly message: string; readonly isPassing: boolean };

/** The coordinator's gRPC service. */
export interface Coordinator {
  register(registration: Registration): Promise<RegisterResult>;
  /** Values of the secrets that the attempt's job names. */
  fetchSecrets(request: {
    readonly agentId: string;
    readonly sessionId: string;
    readonly ref: AttemptRef;
  }): Promise<FetchSecretsResult>;
  /** Opens the results stream with a hello. Never throws: a failure is `closed`. */
  openResults(
    hello: { readonly agentId: string; readonly sessionId: string; readonly attempts: readonly AttemptRef[] },
    handlers: ResultsHandlers,
  ): ResultsConnection;
}
