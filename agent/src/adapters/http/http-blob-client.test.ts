import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { plainHttp } from "../../testing/plain-http.ts";
import { quietLog } from "../../testing/quiet-log.ts";
import { temporaryFolder } from "@kiln/testkit";
import { systemClock } from "../system/system-clock.ts";
import { BlobCache } from "./blob-cache.ts";
import { HttpBlobClient } from "./http-blob-client.ts";

const sha256 = (bytes: string | Buffer) => createHash("sha256").update(bytes).digest("hex");
const blobOf = (text: string) => ({ sha256: sha256(text), sizeBytes: text.length, filename: "x.bin" });
const signal = new AbortController().signal;

let servers: Server[] = [];
afterEach(() => {
  for (const server of servers) server.close().closeAllConnections();
  servers = [];
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function client(url: string, folder: string, cacheBytes = 1_000): HttpBlobClient {
  const cache = new BlobCache(join(folder, "cache"), cacheBytes);
  return new HttpBlobClient(plainHttp(url), { cache, clock: systemClock, log: quietLog, random: () => 0 });
}

describe("fetching a blob", () => {
  test("asks once, and serves everybody else from the cache", async () => {
    using folder = temporaryFolder();
    const seen: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.end("hello");
    });
    const blobs = client(url, folder.path);
    const blob = blobOf("hello");
    const targets = [1, 2, 3].map((n) => join(folder.path, `${n}`));
    const results = await Promise.all(targets.map((target) => blobs.fetch(blob, target, signal)));
    results.push(await client(url, folder.path).fetch(blob, join(folder.path, "later"), signal));
    expect(results.map(({ ok }) => ok)).toEqual([true, true, true, true]);
    expect(targets.map((target) => readFileSync(target, "utf8"))).toEqual(["hello", "hello", "hello"]);
    expect(seen).toEqual([`GET /api/v1/blobs/${blob.sha256}`]);
  });

  test("goes on through errors of the server and broken connections", async () => {
    using folder = temporaryFolder();
    let requests = 0;
    const url = await serve((request, response) => {
      requests++;
      if (requests === 1) response.writeHead(503).end("not yet");
      else if (requests === 2) request.socket.destroy();
      else if (requests === 3) {
        response.writeHead(200, { "content-length": "5" });
        response.write("he");
        setImmediate(() => request.socket.destroy());
      } else response.end("hello");
    });
    expect(await client(url, folder.path).fetch(blobOf("hello"), join(folder.path, "x"), signal)).toEqual({ ok: true });
    expect(requests).toBe(4);
    expect(readdirSync(join(folder.path, "cache"))).toEqual([sha256("hello")]);
  });

  test("ends when the coordinator does not have it", async () => {
    using folder = temporaryFolder();
    const url = await serve((_, response) => response.writeHead(404).end("no such blob"));
    const result = await client(url, folder.path).fetch(blobOf("hello"), join(folder.path, "x"), signal);
    expect(result).toEqual({ ok: false, message: expect.stringContaining("HTTP 404 no such blob") });
  });

  test("never hands out bytes with another digest", async () => {
    using folder = temporaryFolder();
    const url = await serve((_, response) => response.end("forged"));
    const target = join(folder.path, "x");
    const result = await client(url, folder.path).fetch(blobOf("hello"), target, signal);
    expect(result).toEqual({ ok: false, message: expect.stringContaining("does not have that digest") });
    expect(existsSync(target)).toBe(false);
  });

  test("notices a damaged cache and fetches again", async () => {
    using folder = temporaryFolder();
    let requests = 0;
    const url = await serve((_, response) => {
      requests++;
      response.end("hello");
    });
    const blobs = client(url, folder.path);
    const blob = blobOf("hello");
    await blobs.fetch(blob, join(folder.path, "1"), signal);
    writeFileSync(join(folder.path, "cache", blob.sha256), "jello");
    expect(await blobs.fetch(blob, join(folder.path, "2"), signal)).toEqual({ ok: true });
    expect(readFileSync(join(folder.path, "2"), "utf8")).toBe("hello");
    expect(requests).toBe(2);
  });

  test("is called off at once while the coordinator is away", async () => {
    using folder = temporaryFolder();
    const stopping = new AbortController();
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const url = await serve((request) => {
      request.socket.destroy();
      resolve();
    });
    const result = client(url, folder.path).fetch(blobOf("hello"), join(folder.path, "x"), stopping.signal);
    await asked;
    stopping.abort();
    expect(await result).toEqual({ ok: false, message: "it was stopped" });
  });
});

describe("the cache", () => {
  test("keeps to its bound, forgetting what was used longest ago, also after a restart", async () => {
    using folder = temporaryFolder();
    const url = await serve((request, response) =>
      response.end((request.url ?? "").endsWith(sha256("a".repeat(400))) ? "a".repeat(400) : "b".repeat(400)),
    );
    const [a, b] = [blobOf("a".repeat(400)), blobOf("b".repeat(400))];
    const blobs = client(url, folder.path, 500);
    for (const [i, blob] of [a, b].entries()) await blobs.fetch(blob, join(folder.path, `${i}`), signal);
    expect(readdirSync(join(folder.path, "cache"))).toEqual([b.sha256]);
    writeFileSync(join(folder.path, "cache", "left-over.part"), "x");
    expect(new BlobCache(join(folder.path, "cache"), 500).bytes).toBe(400);
    expect(readdirSync(join(folder.path, "cache"))).toEqual([b.sha256]);
  });
});

describe("storing a blob", () => {
  test("sends its bytes with their length under their digest, and nothing when it is there", async () => {
    using folder = temporaryFolder();
    const stored = new Map<string, string>();
    const lengths: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      const digest = (request.url ?? "").split("/").at(-1) ?? "";
      if (request.method === "HEAD") return void response.writeHead(stored.has(digest) ? 200 : 404).end();
      lengths.push(request.headers["content-length"]);
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        stored.set(digest, body);
        response.writeHead(201).end();
      });
    });
    const path = join(folder.path, "wheel");
    writeFileSync(path, "wheel bytes");
    const blobs = client(url, folder.path);
    const expected = { ok: true, blob: { sha256: sha256("wheel bytes"), sizeBytes: 11, filename: "p.whl" } };
    expect(await blobs.store(path, "p.whl", signal)).toEqual(expected);
    expect(await blobs.store(path, "p.whl", signal)).toEqual(expected);
    expect([...stored]).toEqual([[sha256("wheel bytes"), "wheel bytes"]]);
    expect(lengths).toEqual(["11"]);
  });
});
