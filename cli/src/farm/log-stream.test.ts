import { expect, test } from "vitest";
import { httpServer } from "../testing/http-server.ts";
import { FarmClient } from "./client.ts";
import { readLog } from "./log-stream.ts";

const LOG = Buffer.from(Array.from({ length: 2000 }, (_, index) => `line ${index}\n`).join(""));

test("a followed log that is cut again and again comes whole, each byte once", async () => {
  const offsets: number[] = [];
  await using server = await httpServer((request, response) => {
    const url = new URL(request.url ?? "", "http://x");
    const offset = Number(url.searchParams.get("offset"));
    offsets.push(offset);
    // Once it is known, the attempt is pinned: a newer one has another log.
    expect(url.searchParams.get("attempt")).toBe(offset === 0 ? null : "2");
    response.writeHead(200, { "content-type": "application/octet-stream", "x-kiln-attempt": "2" });
    const part = LOG.subarray(offset, offset + 7001);
    if (offset + part.length === LOG.length) response.end(part);
    else response.write(part, () => response.destroy());
  });
  const chunks: Buffer[] = [];
  const connect = async () => new FarmClient({ url: server.url, token: "", from: "", homeDir: "/nonexistent" });
  const signal = new AbortController().signal;
  for await (const { attempt, bytes } of readLog({
    connect,
    run: "r3",
    job: "build-x",
    attempt: null,
    follow: true,
    signal,
    retryMs: 1,
  })) {
    expect(attempt).toBe(2);
    chunks.push(bytes);
  }
  expect(Buffer.concat(chunks).equals(LOG)).toBe(true);
  expect(offsets.length).toBeGreaterThan(2);
});
