import type { RunEvent, RunView } from "@kiln/proto";
import { setTimeout as delay } from "node:timers/promises";
import { errorMessage } from "../program/cli-error.ts";
import { NoFarm } from "./address.ts";
import { isPassing, type FarmClient } from "./client.ts";
import { ConnectionError } from "./http-request.ts";
import { SseParser } from "./sse.ts";

/** What following a run gives: its state first, then each change, then its state at the end. */
export type RunChange =
  | { readonly kind: "view"; readonly view: RunView }
  | { readonly kind: "event"; readonly event: RunEvent }
  /** The connection broke; the next try comes in `retryInMs`. */
  | { readonly kind: "broken"; readonly why: string; readonly retryInMs: number };

export interface FollowOptions {
  /** Makes the client anew for every connection: a farm that was restarted may have another address. */
  readonly connect: () => Promise<FarmClient>;
  readonly run: string;
  readonly signal: AbortSignal;
  /** The run is known to be there, so that the very first connection is tried again, too. */
  readonly known: boolean;
  /** Connections that may fail, or end without an event, one after the other; default 65, about two minutes. */
  readonly triesMax?: number;
  /** First wait between tries; doubles up to 2 s. Default 100. */
  readonly retryMs?: number;
}

const RETRY_MS_MAX = 2_000;

/**
 * Follows a run until it is finished, through broken connections and restarts
 * of the coordinator: every event once and in order. The last change is a
 * `view` whose state is finished. Throws what the last try threw once
 * `triesMax` tries in a row came to nothing.
 */
export async function* followRun(options: FollowOptions): AsyncGenerator<RunChange, void, void> {
  const { run, signal } = options;
  const triesMax = options.triesMax ?? 65;
  let last: number | null = null;
  for (let fruitless = 0; ; fruitless += 1) {
    const retryInMs = Math.min(RETRY_MS_MAX, (options.retryMs ?? 100) * 2 ** Math.min(fruitless, 10));
    try {
      const client = await options.connect();
      const view = await client.run(run);
      // An end that was missed while the connection was broken is told event by event, too.
      const until = view.state === "finished" ? view.lastEventId : Infinity;
      if (last === null) {
        yield { kind: "view", view };
        last = view.lastEventId;
      }
      if (last < until) {
        for await (const event of readEvents(client, run, last)) {
          if (event.id <= last) continue;
          last = event.id;
          fruitless = 0;
          yield { kind: "event", event };
          if (event.id >= until) break;
        }
      }
      const end = view.state === "finished" ? view : await client.run(run);
      // A farm that keeps no events for a finished run has its end told by the view alone.
      if (end.state === "finished" && (last >= end.lastEventId || fruitless >= 3)) {
        yield { kind: "view", view: end };
        return;
      }
      if (fruitless >= triesMax) throw new ConnectionError(new Error("the farm ends the event stream at once"));
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const passing = isPassing(error) || error instanceof NoFarm;
      if (!passing || fruitless >= triesMax || (last === null && !options.known)) throw error;
      yield { kind: "broken", why: errorMessage(error), retryInMs };
    }
    await delay(retryInMs, undefined, { signal });
  }
}

async function* readEvents(client: FarmClient, run: string, after: number): AsyncGenerator<RunEvent> {
  const stream = await client.events(run, after);
  const parser = new SseParser();
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      for (const { data } of parser.push(chunk)) yield JSON.parse(data) as RunEvent;
    }
  } catch (error) {
    throw new ConnectionError(error);
  } finally {
    stream.destroy();
  }
}
