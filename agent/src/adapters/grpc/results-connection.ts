import { status, type ClientDuplexStream, type ServiceError } from "@grpc/grpc-js";
import type { agent as wire } from "@kiln/proto";
import type { AckedTo, FrameBatch, ResultsConnection, ResultsHandlers } from "../../ports/coordinator.ts";
import { BatchWriter } from "./batch-writer.ts";

/** The requests are written encoded already. */
export type ResultsCall = ClientDuplexStream<Buffer, wire.StreamResultsResponse>;

/** One results stream, from its hello to its end. */
export class GrpcResultsConnection implements ResultsConnection {
  readonly #call: ResultsCall;
  readonly #batch = new BatchWriter();
  #isClosed = false;

  constructor(call: ResultsCall, handlers: ResultsHandlers, needsRegistration: (code: status) => boolean) {
    this.#call = call;
    const close = (reason: string, code: status) => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      handlers.closed(reason, needsRegistration(code));
    };
    call.on("data", (response: wire.StreamResultsResponse) => {
      if (!this.#isClosed) dispatch(response, handlers);
    });
    call.on("drain", () => {
      if (!this.#isClosed) handlers.writable();
    });
    call.on("error", (error: ServiceError) => close(error.message, error.code ?? status.UNKNOWN));
    call.on("end", () => close("the coordinator ended the stream", status.OK));
  }

  batch(): FrameBatch {
    this.#batch.clear();
    return this.#batch;
  }

  send(): boolean {
    if (this.#isClosed) return false;
    return this.#call.write(this.#batch.message());
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#call.cancel();
  }
}

function dispatch({ message }: wire.StreamResultsResponse, handlers: ResultsHandlers): void {
  switch (message.case) {
    case "welcome":
      return handlers.welcomed(ackedTo(message.value.resume));
    case "acks":
      return handlers.acked(ackedTo(message.value.acks));
    case "refused": {
      const { attempt, reason } = message.value;
      return attempt ? handlers.refused(attempt, reason) : undefined;
    }
    case undefined:
      // A newer coordinator may say more than this agent understands.
      return undefined;
  }
}

function ackedTo(acks: readonly wire.Ack[]): AckedTo[] {
  const result: AckedTo[] = [];
  for (const { attempt, seq } of acks) if (attempt) result.push({ ref: attempt, seq });
  return result;
}
