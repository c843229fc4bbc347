import { setTimeout as delay } from "node:timers/promises";
import type { HttpResponse } from "./http-request.ts";

/** In all, for one request. */
const PATIENCE_MS = 180_000;
/** Where the farm does not say how long. */
const RETRY_AFTER_S = 5;

export interface Patience {
  readonly signal?: AbortSignal | undefined;
  /** Told before each wait. */
  readonly waiting: (seconds: number) => void;
}

/**
 * Sends again what the farm answers with 429, after as long as its `Retry-After`
 * (RFC 9110, section 10.2.3) says. Gives that answer to the caller where it would
 * take longer than three minutes. Rejects when the signal is aborted.
 */
export async function patiently(
  send: () => Promise<HttpResponse>,
  { signal, waiting }: Patience,
): Promise<HttpResponse> {
  const options = signal === undefined ? {} : { signal };
  for (let leftMs = PATIENCE_MS; ;) {
    const response = await send();
    if (response.status !== 429) return response;
    const seconds = retryAfterS(response.headers["retry-after"]);
    leftMs -= seconds * 1_000;
    if (leftMs < 0) return response;
    response.stream.resume();
    waiting(seconds);
    await delay(seconds * 1_000, undefined, options);
  }
}

/** At least one. A date, which the farm does not send, counts as no word. */
function retryAfterS(header: string | undefined): number {
  const seconds = Number(header ?? RETRY_AFTER_S);
  return Number.isFinite(seconds) ? Math.max(1, Math.ceil(seconds)) : RETRY_AFTER_S;
}
