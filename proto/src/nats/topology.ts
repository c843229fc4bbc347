import { fromBinary, toBinary, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { ControlSchema, HeartbeatSchema } from "../gen/kiln/v1/agent_pb.ts";
import { AssignmentSchema } from "../gen/kiln/v1/job_pb.ts";

/** A subject for one agent, what travels on it, and the wildcard that matches it for every agent. */
export interface AgentSubject<T extends DescMessage> {
  readonly all: string;
  of(agentId: string): string;
  encode(message: MessageShape<T>): Uint8Array;
  /** Throws when the bytes are not such a message. */
  decode(bytes: Uint8Array): MessageShape<T>;
}

function agentSubject<T extends DescMessage>(leaf: string, schema: T): AgentSubject<T> {
  return {
    all: `kiln.agents.*.${leaf}`,
    of: (agentId) => `kiln.agents.${agentId}.${leaf}`,
    encode: (message) => toBinary(schema, message),
    decode: (bytes) => fromBinary(schema, bytes),
  };
}

/** Every NATS subject of the farm. */
export const SUBJECTS = {
  /** Coordinator to one agent, durable: run this. */
  assignments: agentSubject("assignments", AssignmentSchema),
  /** Coordinator to one agent, not durable: cancel, register again. Repeated until heartbeats show the effect. */
  control: agentSubject("control", ControlSchema),
  /** Agent to coordinator, not durable: alive, and holding these attempts. */
  heartbeat: agentSubject("heartbeat", HeartbeatSchema),
} as const;

/** JetStream streams; limits are the farm's, not the server's. */
export const STREAMS = {
  /**
   * Assignments that no agent has taken yet. The store holds the truth and
   * publishes again what is assigned and not started, so losing this stream
   * delays work and loses none.
   */
  assignments: {
    name: "KILN_ASSIGNMENTS",
    subjects: [SUBJECTS.assignments.all],
    retention: "workqueue",
    storage: "file",
    discard: "new",
    /** Without this (`discard_new_per_subject`), a full subject drops its oldest message and says nothing. */
    discardNewPerSubject: true,
    maxMessages: 200_000,
    maxMessagesPerSubject: 10_000,
    maxMessageBytes: 1024 * 1024,
  },
} as const;

/** JetStream consumers: one per agent, made by the coordinator when the agent registers. */
export const CONSUMERS = {
  assignments: {
    stream: STREAMS.assignments.name,
    durableName: (agentId: string) => `agent-${agentId}`,
    filterSubject: (agentId: string) => SUBJECTS.assignments.of(agentId),
    /** An agent acknowledges once the assignment is in its spool, which takes milliseconds. */
    ackWaitMs: 10_000,
    /** Past this the lease runs out and the job goes to another attempt. */
    maxDeliver: 20,
    maxAckPending: 1_000,
  },
} as const;

/** True for what can stand as one token of a NATS subject and as a file name on every system. */
export function isAgentId(text: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,62}$/.test(text);
}
