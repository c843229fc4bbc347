import { attemptId, type AttemptKey } from "../../domain/attempt-key.ts";
import type { LogStore } from "../../ports/log-store.ts";
import type { RouteContext } from "./http-deps.ts";
import type { LiveStream } from "./live-stream.ts";

const READ_BYTES_MAX = 256 * 1024;

/** Sends the bytes from `offset` up to `endBytes`. Throws when the log does not have them. */
export async function sendLog(
  stream: LiveStream,
  logs: LogStore,
  key: AttemptKey,
  { offset, endBytes }: { readonly offset: number; readonly endBytes: number },
): Promise<void> {
  const reached = await sendWritten(stream, logs, key, offset, endBytes);
  if (reached < endBytes && !stream.isClosed) {
    throw new Error(`the log of ${attemptId(key)} ends at byte ${reached}, not at ${endBytes} as recorded`);
  }
}

/** Sends the log from `offset` on until the attempt has ended and everything was sent, or the reader is gone. */
export async function followLog(
  stream: LiveStream,
  { queries, changes, logs, limits }: RouteContext,
  log: { readonly key: AttemptKey; readonly run: number; readonly job: string; readonly offset: number },
): Promise<void> {
  const { key, run, job } = log;
  using _subscription = changes.onLogChanged(key, stream.notify);
  let { offset } = log;
  while (!stream.isClosed) {
    stream.beginLookup();
    const info = await queries.attemptLog(run, job, key.attempt);
    if (!info) throw new Error(`${attemptId(key)} is no longer there`);
    if (info.finished) return await sendLog(stream, logs, key, { offset, endBytes: info.logBytes });
    offset = await sendWritten(stream, logs, key, offset, Number.MAX_SAFE_INTEGER);
    await stream.pause(limits.lookupIntervalMs);
    await stream.changed();
  }
}

/** Sends what is written, at most up to `endBytes`; gives the offset that was reached. */
async function sendWritten(
  stream: LiveStream,
  logs: LogStore,
  key: AttemptKey,
  from: number,
  endBytes: number,
): Promise<number> {
  let offset = from;
  while (offset < endBytes && !stream.isClosed) {
    const bytes = await logs.read(key, offset, Math.min(READ_BYTES_MAX, endBytes - offset));
    if (bytes.byteLength === 0) break;
    await stream.write(bytes);
    offset += bytes.byteLength;
  }
  return offset;
}
