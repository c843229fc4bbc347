import type { OfferedUpdate } from "../domain/agent-update.ts";
import type { AttemptKey } from "../domain/attempt-key.ts";
import type { Heartbeat } from "../domain/heartbeat.ts";
import type { JobWork } from "../domain/job-work.ts";
import type { DevicesRow } from "../domain/rows.ts";

export interface OutgoingAssignment {
  readonly agentId: string;
  readonly key: AttemptKey;
  readonly leaseTtlMs: number;
  readonly devices: DevicesRow;
  readonly work: JobWork;
}

/** Assignments that were published and that no agent has acknowledged. */
export interface HeldAssignments {
  /** Not given to their agents: they are away, or have enough in hand. */
  readonly undelivered: number;
  /** Given, and not acknowledged. */
  readonly unacknowledged: number;
  /** Since the oldest was published; 0 without any. */
  readonly oldestAgeMs: number;
}

/**
 * How the coordinator reaches agents. Assignments are durable and delivered at
 * least once; control messages may be lost and are repeated by the caller.
 */
export interface AgentBus extends AsyncDisposable {
  /** Makes what the agent needs to receive assignments. Idempotent. */
  prepareAgent(agentId: string): Promise<void>;
  /** Resolves when the transport has taken it; rejects when it could not within its time limit. */
  publishAssignment(assignment: OutgoingAssignment): Promise<void>;
  /** Best effort. */
  requestStop(agentId: string, key: AttemptKey, reason: string): void;
  /** Best effort. */
  requestRegistration(agentId: string): void;
  /** Best effort: the agent looks at its health now and reports it. */
  requestHealthCheck(agentId: string): void;
  /** Best effort: the agent ends. */
  requestLeave(agentId: string, reason: string): void;
  /** Best effort. */
  offerUpdate(agentId: string, offered: OfferedUpdate): void;
  onHeartbeat(listener: (heartbeat: Heartbeat) => void): void;
  /** Called whenever the connection is there again after it was lost. */
  onReconnected(listener: () => void): void;
  isConnected(): boolean;
  /** How long a ping takes to be answered; rejects when the connection ends meanwhile. */
  roundTripMs(): Promise<number>;
  /** What agents have not acknowledged yet; rejects when the server does not say it in time. */
  heldAssignments(nowMs: number): Promise<HeldAssignments>;
}
