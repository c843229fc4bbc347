import { create } from "@bufbuild/protobuf";
import { makeClientConstructor, Metadata, type ServiceError } from "@grpc/grpc-js";
import { connect } from "@nats-io/transport-node";
import { agent as wire, grpcService, SUBJECTS } from "@kiln/proto";
import type { Farm } from "../farm/farm.ts";
import { joinAsStranger } from "../faults/stranger.ts";

const AgentClient = makeClientConstructor(grpcService(wire.AgentService), wire.AgentService.typeName);
const BEAT_MS = 500;

/** A machine that joins, registers, and says by its heartbeats what one with a busy GPU says. It takes no jobs. */
export async function startGpuMachine(farm: Farm, name: string): Promise<AsyncDisposable> {
  const { agentId, grpc, nats } = await joinAsStranger({ api: farm.api, natsUrl: farm.nats.url }, name);
  const identity = { agentId, sessionId: "session" };
  const client = new AgentClient(farm.coordinator.ready.grpcAddress, grpc);
  const request = create(wire.RegisterRequestSchema, { ...identity, name, slots: 1, inventory: { os: "linux" } });
  await new Promise<void>((resolve, reject) => {
    const answered = (error: ServiceError | null): void => (error ? reject(error) : resolve());
    client["register"]?.(request, new Metadata(), answered);
  });
  client.close();
  const connection = await connect(nats);
  const heartbeat = create(wire.HeartbeatSchema, {
    ...identity,
    ...{ diskFreeBytes: 2n ** 40n, spoolBytes: 4_096n, memoryAvailableBytes: 2n ** 36n },
    ...{ cpuPressure: 3.5, memoryPressure: 0, ioPressure: 0.25 },
    gpus: [
      {
        ...{ uuid: "GPU-5d1a", utilizationPercent: 97, temperatureCelsius: 61 },
        ...{ smClockMhz: 1_980, memoryUsedBytes: 2n ** 34n },
      },
    ],
  });
  const beat = (): void => connection.publish(SUBJECTS.heartbeat.of(agentId), SUBJECTS.heartbeat.encode(heartbeat));
  beat();
  const timer = setInterval(beat, BEAT_MS);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await connection.close();
    },
  };
}
