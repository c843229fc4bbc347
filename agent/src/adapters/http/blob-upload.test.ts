import { createHash } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { temporaryFolder } from "@kiln/testkit";
import { afterEach, expect, test } from "vitest";
import { plainHttp } from "../../testing/plain-http.ts";
import { quietLog } from "../../testing/quiet-log.ts";
import { systemClock } from "../system/system-clock.ts";
import { BlobCache } from "./blob-cache.ts";
import { HttpBlobClient } from "./http-blob-client.ts";

const MIB = 1024 * 1024;
const BYTES = Buffer.alloc(4 * MIB, "0123456789abcdef!");
const SHA256 = createHash("sha256").update(BYTES).digest("hex");
const signal = new AbortController().signal;

/** What a coordinator keeps of an upload, with faults to order: `onPut` is told of every PUT and says what becomes of it. */
class BreakingServer implements AsyncDisposable {
  received = Buffer.alloc(0);
  stored: Buffer | null = null;
  onPut: (put: number) => "take" | "break" | "damage" | "conflict" = () => "take";
  readonly ranges: (string | undefined)[] = [];
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response));

  async listen(): Promise<string> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === "HEAD") return void response.writeHead(this.stored ? 200 : 404).end();
    if (request.method === "GET") return void response.end(JSON.stringify({ receivedBytes: this.received.length }));
    const range = request.headers["content-range"];
    this.ranges.push(range);
    const from = Number(/^bytes (\d+)-/.exec(range ?? "")?.[1] ?? 0);
    const fate = this.onPut(this.ranges.length);
    this.received = this.received.subarray(0, from);
    if (fate === "break") {
      for await (const chunk of request) {
        this.received = Buffer.concat([this.received, chunk as Buffer]);
        if (this.received.length - from > MIB) return void request.socket.destroy();
      }
    }
    const whole = Buffer.concat([this.received, await buffer(request)]);
    if (fate === "conflict") return void response.writeHead(409).end("upload-conflict");
    this.received = Buffer.alloc(0);
    if (fate === "damage") return void response.writeHead(400).end("urn:kiln:problem:digest-mismatch");
    this.stored = whole;
    response.writeHead(201).end("{}");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close().closeAllConnections();
  }
}

let folder: ReturnType<typeof temporaryFolder> | null = null;
afterEach(() => {
  folder?.[Symbol.dispose]();
  folder = null;
});

async function store(server: BreakingServer) {
  folder = temporaryFolder();
  const path = join(folder.path, "wheel");
  writeFileSync(path, BYTES);
  const cache = new BlobCache(join(folder.path, "cache"), 1_000);
  const parts = { cache, clock: systemClock, log: quietLog, random: () => 0 };
  const client = new HttpBlobClient(plainHttp(await server.listen()), parts);
  const notes: string[] = [];
  return { result: await client.store(path, "p.whl", signal, (text) => void notes.push(text)), notes };
}

test("an upload that breaks in the middle goes on from what arrived, and the log says from where", async () => {
  await using server = new BreakingServer();
  const kept: number[] = [];
  server.onPut = (put) => {
    kept.push(server.received.length);
    return put < 3 ? "break" : "take";
  };
  const { result, notes } = await store(server);
  expect(result).toEqual({ ok: true, blob: { sha256: SHA256, sizeBytes: BYTES.length, filename: "p.whl" } });
  expect(server.stored?.equals(BYTES)).toBe(true);
  const [, second = 0, third = 0] = kept;
  expect(second).toBeGreaterThan(MIB);
  expect(third).toBeGreaterThan(second + MIB);
  const last = BYTES.length - 1;
  expect(server.ranges).toEqual([
    undefined,
    `bytes ${second}-${last}/${BYTES.length}`,
    `bytes ${third}-${last}/${BYTES.length}`,
  ]);
  expect(notes).toEqual([
    "the upload of p.whl from byte 0 broke off: it is tried again",
    `${second} of ${BYTES.length} bytes of p.whl are there: going on from byte ${second}`,
    `the upload of p.whl from byte ${second} broke off: it is tried again`,
    `${third} of ${BYTES.length} bytes of p.whl are there: going on from byte ${third}`,
    `sent ${BYTES.length - third} bytes of p.whl, from byte ${third}`,
  ]);
});

test("an upload goes on with what an agent that was killed has sent", async () => {
  await using server = new BreakingServer();
  server.received = BYTES.subarray(0, 3 * MIB);
  const { result, notes } = await store(server);
  expect([result.ok, server.stored?.equals(BYTES)]).toEqual([true, true]);
  expect(notes.at(-1)).toBe(`sent ${MIB} bytes of p.whl, from byte ${3 * MIB}`);
});

test("when all bytes are there but not checked yet, the last one is sent again", async () => {
  await using server = new BreakingServer();
  server.received = BYTES;
  const { result } = await store(server);
  expect([result.ok, server.stored?.equals(BYTES)]).toEqual([true, true]);
  expect(server.ranges).toEqual([`bytes ${BYTES.length - 1}-${BYTES.length - 1}/${BYTES.length}`]);
});

test("bytes that were damaged on the way are sent again from the beginning", async () => {
  await using server = new BreakingServer();
  server.received = BYTES.subarray(0, MIB);
  server.onPut = (put) => (put === 1 ? "damage" : "take");
  const { result, notes } = await store(server);
  expect([result.ok, server.stored?.equals(BYTES)]).toEqual([true, true]);
  expect(server.ranges).toEqual([`bytes ${MIB}-${BYTES.length - 1}/${BYTES.length}`, undefined]);
  expect(notes).toContain("p.whl arrived with another digest and was refused");
});

test("an upload that always arrives damaged is given up", async () => {
  await using server = new BreakingServer();
  server.onPut = () => "damage";
  const { result } = await store(server);
  expect(result).toEqual({ ok: false, message: expect.stringContaining("digest-mismatch") });
  expect(server.ranges).toHaveLength(3);
});

test("an upload that another one holds up asks again", async () => {
  await using server = new BreakingServer();
  server.onPut = (put) => (put === 1 ? "conflict" : "take");
  const { result } = await store(server);
  expect([result.ok, server.ranges.length]).toEqual([true, 2]);
});
