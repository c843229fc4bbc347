import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { patiently } from "./patiently.ts";

function answer(status: number, retryAfter?: string) {
  const headers = retryAfter === undefined ? {} : { "retry-after": retryAfter };
  return { status, headers, stream: { resume: () => {} } as unknown as IncomingMessage };
}

test("what would take longer than three minutes is not waited for", async () => {
  const waits: number[] = [];
  const response = await patiently(async () => answer(429, "181"), { waiting: (seconds) => void waits.push(seconds) });
  expect([response.status, waits]).toEqual([429, []]);
});

test("a wait ends when the person has had enough", async () => {
  const stopping = new AbortController();
  const waiting = (): void => queueMicrotask(() => stopping.abort(new Error("enough")));
  await expect(patiently(async () => answer(429, "60"), { signal: stopping.signal, waiting })).rejects.toThrow();
});

test("without a word on how long, or with a date, it is five seconds", async () => {
  for (const header of [undefined, "Wed, 21 Oct 2026 07:28:00 GMT"]) {
    const stopping = new AbortController();
    const waits: number[] = [];
    const waiting = (seconds: number): void => {
      waits.push(seconds);
      queueMicrotask(() => stopping.abort());
    };
    await patiently(async () => answer(429, header), { signal: stopping.signal, waiting }).catch(() => {});
    expect(waits).toEqual([5]);
  }
});
