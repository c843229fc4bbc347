import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { agent as wire } from "@kiln/proto";

/** An agent's results stream, as gRPC hands it over. */
export type ResultsCall = ServerDuplexStream<wire.StreamResultsRequest, wire.StreamResultsResponse>;
