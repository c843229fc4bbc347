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
}
