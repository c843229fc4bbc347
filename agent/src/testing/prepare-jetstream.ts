import { AckPolicy, DiscardPolicy, jetstreamManager, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import { nanos, type NatsConnection } from "@nats-io/transport-node";
import { CONSUMERS, STREAMS } from "@kiln/proto";

/** Makes what the coordinator makes for an agent: the stream of assignments and the agent's consumer. */
export async function prepareJetStream(connection: NatsConnection, agentId: string): Promise<void> {
  const manager = await jetstreamManager(connection);
  const { name, subjects } = STREAMS.assignments;
  await manager.streams.add({
    name,
    subjects: [...subjects],
    retention: RetentionPolicy.Workqueue,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
  });
  const { durableName, filterSubject, ackWaitMs, maxDeliver, maxAckPending } = CONSUMERS.assignments;
  await manager.consumers.add(name, {
    durable_name: durableName(agentId),
    filter_subject: filterSubject(agentId),
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ackWaitMs),
    max_deliver: maxDeliver,
    max_ack_pending: maxAckPending,
  });
}
