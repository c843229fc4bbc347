import { credentials, Metadata, type ChannelCredentials } from "@grpc/grpc-js";
import type { NodeConnectionOptions } from "@nats-io/transport-node";
import type { Farm } from "../../farm/farm.ts";
import type { HttpTarget } from "./send-http.ts";

export interface FarmClients {
  /** Of an agent that the farm knows and that takes no work. */
  readonly agentId: string;
  readonly grpc: { readonly address: string; readonly credentials: ChannelCredentials; readonly metadata: Metadata };
  readonly nats: NodeConnectionOptions;
  readonly http: HttpTarget;
}

/** Everything that is needed to talk to a farm without the product's own clients. */
export async function farmClients(farm: Farm): Promise<FarmClients> {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${farm.token}`);
  const { hostname, port } = new URL(farm.coordinator.ready.httpUrl);
  return {
    agentId: "stranger",
    grpc: { address: farm.coordinator.ready.grpcAddress, credentials: credentials.createInsecure(), metadata },
    nats: { servers: farm.nats.url, token: farm.token },
    http: { host: hostname, port: Number(port), token: farm.token },
  };
}
