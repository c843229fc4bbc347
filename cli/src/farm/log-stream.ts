import { setTimeout as delay } from "node:timers/promises";
import { NoFarm } from "./address.ts";
import { isPassing, type FarmClient } from "./client.ts";
import { ConnectionError } from "./http-request.ts";

export interface LogRequest {
  readonly connect: () => Promise<FarmClient>;
  readonly run: string;
  readonly job: string;
  /** null: the newest. */
  readonly attempt: number | null;
  readonly follow: boolean;
  /** The part of it: from this byte … */
  readonly from?: number;
  /** … to before this one; … */
  readonly to?: number;
  /** … or the last lines, so many, and what follows. */
  readonly tail?: number;
  readonly signal: AbortSignal;
  /** Connections that may break one after the other without a byte; default 65. */
  readonly triesMax?: number;
  /** First wait between tries; doubles up to 2 s. Default 100. */
  readonly retryMs?: number;
}

export interface LogChunk {
  readonly attempt: number;
  /** Where in the log the bytes are. */
  readonly offset: number;
  readonly bytes: Buffer;
}

const RETRY_MS_MAX = 2_000;

/**
 * An attempt's log, or the part of it that is asked for. A connection that breaks
 * in the middle is made again where it broke: every byte comes once, in order.
 */
export async function* readLog(request: LogRequest): AsyncGenerator<LogChunk, void, void> {
  const { run, job, follow, signal } = request;
  let { attempt } = request;
  let offset = request.from ?? 0;
  const to = request.to ?? null;
  let tail = request.tail ?? null;
  if (to !== null && offset >= to) return;
  for (let fruitless = 0; ; fruitless += 1) {
    try {
      const client = await request.connect();
      const answer = await client.log(run, job, { attempt, offset, follow: follow && to === null, to, tail });
      ({ attempt, offset } = answer);
      tail = null;
      try {
        for await (const bytes of answer.stream as AsyncIterable<Buffer>) {
          const at = offset;
          offset += bytes.length;
          fruitless = 0;
          yield { attempt, offset: at, bytes };
        }
      } catch (error) {
        throw new ConnectionError(error);
      } finally {
        answer.stream.destroy();
      }
      return;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!(isPassing(error) || error instanceof NoFarm) || fruitless >= (request.triesMax ?? 65)) throw error;
    }
    await delay(Math.min(RETRY_MS_MAX, (request.retryMs ?? 100) * 2 ** Math.min(fruitless, 10)), undefined, { signal });
  }
}
