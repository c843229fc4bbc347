import type { AttemptRef } from "../domain/attempt-key.ts";
import type { Assignment, Blob } from "../domain/job.ts";
import type { MachineReadings } from "./readings.ts";

export interface UpdateOffer {
  /** SemVer. */
  readonly version: string;
  /** Counts up with everything that is offered. */
  readonly offer: number;
  readonly blob: Blob;
}

/** One delivery of an assignment; delivered again until it is settled. */
export interface Delivery {
  readonly assignment: Assignment;
  /** The message as it came, to be kept. */
  readonly bytes: Uint8Array;
  /** It is in the spool: do not deliver it again. */
  accept(): void;
  /** Not now: deliver it again after `delayMs`. */
  later(delayMs: number): void;
}

export interface ControlPlaneHandlers {
  assignment(delivery: Delivery): void;
  cancel(ref: AttemptRef, reason: string): void;
  /** The coordinator, or the lack of what it prepares, asks for a registration. */
  registerAgain(): void;
  /** The coordinator wants to know how this machine is. */
  checkHealth(): void;
  /** The coordinator has no more use for this agent: end. */
  leave(reason: string): void;
  /** Another version of the agent's software is there; repeated until it is taken. */
  updateOffered(offer: UpdateOffer): void;
  /** Connected for the first time or again. */
  connected(): void;
}

export interface HeartbeatFacts extends MachineReadings {
  readonly attempts: readonly AttemptRef[];
  readonly spoolBytes: number;
}

/** NATS: what the coordinator tells agents, and the agent's heartbeat. Reconnects for ever by itself. */
export interface ControlPlane extends AsyncDisposable {
  /** Begins to connect; calls handlers until disposed. Called once. */
  start(handlers: ControlPlaneHandlers): void;
  /** Begins to take assignments, now or as soon as there is a connection. Idempotent. */
  takeAssignments(): void;
  /** No assignment is delivered after this. */
  stopAssignments(): void;
  /** False when there is no connection: the heartbeat is not kept for later. */
  heartbeat(facts: HeartbeatFacts): boolean;
}
