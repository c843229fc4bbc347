import { connect } from "node:net";
import { text as readText } from "node:stream/consumers";
import type { Problem } from "@kiln/proto";
import { describe, expect, it, vi } from "vitest";
import { sha256, startTestServer, TOKEN, type TestServer } from "./testing.ts";

const BYTES = Buffer.from("0123456789".repeat(50_000));
const DIGEST = sha256(BYTES);
const PATH = `/blobs/${DIGEST}`;

const put = (server: TestServer, body: NonNullable<RequestInit["body"]>, path = PATH) =>
  server.get(path, { method: "PUT", body });

function head(digest: string, length: string): string {
  return `PUT /api/v1/blobs/${digest} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n${length}\r\n\r\n`;
}

describe("uploading a blob", () => {
  it("stores it once: 201 the first time, 200 after that", async () => {
    await using server = await startTestServer();
    const first = await put(server, BYTES);
    expect([first.status, await first.json()]).toEqual([201, { sha256: DIGEST, sizeBytes: BYTES.byteLength }]);
    const second = await put(server, BYTES);
    expect([second.status, await second.json()]).toEqual([200, { sha256: DIGEST, sizeBytes: BYTES.byteLength }]);
    expect(await server.blobs.size(DIGEST)).toBe(BYTES.byteLength);
  });

  it("takes the empty blob, and any content type", async () => {
    await using server = await startTestServer();
    expect((await put(server, Buffer.alloc(0), `/blobs/${sha256("")}`)).status).toBe(201);
    const body = Buffer.from("{}");
    const headers = { "content-type": "application/json" };
    expect((await server.get(`/blobs/${sha256(body)}`, { method: "PUT", body, headers })).status).toBe(201);
  });

  it("keeps nothing of other bytes, and says what digest they have", async () => {
    await using server = await startTestServer();
    const response = await put(server, "something else");
    const { type, detail } = (await response.json()) as Problem;
    expect([response.status, type]).toEqual([400, "urn:kiln:problem:digest-mismatch"]);
    expect(detail).toContain(sha256("something else"));
    expect(await server.blobs.size(DIGEST)).toBeNull();
  });

  it("refuses a blob that is too large before it is sent", async () => {
    await using server = await startTestServer({ limits: { blobBytesMax: 1_000, lingerMs: 50 } });
    const socket = connect(server.port, "127.0.0.1");
    socket.write(head(DIGEST, "Content-Length: 1001"));
    const answer = await readText(socket);
    expect(answer).toContain("HTTP/1.1 413 ");
    expect(answer).toContain("limit http-blob-bytes");
    expect(server.limitsReached).toEqual(["http-blob-bytes"]);
  });

  it("lets a refused sender finish, so that it sees the answer", async () => {
    await using server = await startTestServer({ limits: { blobBytesMax: 1_000 } });
    const socket = connect(server.port, "127.0.0.1");
    socket.write(head(DIGEST, `Content-Length: ${BYTES.byteLength}`));
    socket.write(BYTES);
    socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const answer = await readText(socket);
    expect(answer).toContain("HTTP/1.1 413 ");
    expect(answer).toContain("HTTP/1.1 200 ");
  });

  it("needs to know the length", async () => {
    await using server = await startTestServer();
    const socket = connect(server.port, "127.0.0.1");
    socket.write(`${head(DIGEST, "Connection: close\r\nTransfer-Encoding: chunked")}1\r\nx\r\n0\r\n\r\n`);
    expect(await readText(socket)).toContain("HTTP/1.1 411 ");
  });

  it("answers with the reason when the disk is full", async () => {
    const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    await using server = await startTestServer({
      wrapBlobs: (blobs) => Object.assign(blobs, { upload: () => Promise.reject(full) }),
    });
    const response = await put(server, BYTES);
    expect([response.status, await response.text()]).toEqual([507, expect.stringContaining("storage-full")]);
  });

  it("has a limit of uploads at once", async () => {
    await using server = await startTestServer({ limits: { uploadsMax: 1 } });
    const uploadSpy = vi.spyOn(server.blobs, "upload");
    const socket = connect(server.port, "127.0.0.1");
    socket.write(head(DIGEST, `Connection: close\r\nContent-Length: ${BYTES.byteLength}`));
    await vi.waitUntil(() => uploadSpy.mock.calls.length > 0);
    const other = Buffer.from("other");
    const refused = await put(server, other, `/blobs/${sha256(other)}`);
    expect([refused.status, await refused.text()]).toEqual([503, expect.stringContaining("limit http-uploads")]);
    expect(server.limitsReached).toEqual(["http-uploads"]);
    socket.write(BYTES);
    expect(await readText(socket)).toContain("HTTP/1.1 201 ");
    expect((await put(server, other, `/blobs/${sha256(other)}`)).status).toBe(201);
  });

  it("is refused under a name that is no digest", async () => {
    await using server = await startTestServer();
    for (const name of ["abc", DIGEST.toUpperCase(), `${DIGEST}0`]) {
      const response = await put(server, BYTES, `/blobs/${name}`);
      expect([response.status, await response.text()]).toEqual([400, expect.stringContaining("params.sha256")]);
    }
  });
});

describe("downloading a blob", () => {
  it("gives all of it, never to be asked for again", async () => {
    await using server = await startTestServer();
    await put(server, BYTES);
    const response = await server.get(PATH);
    expect(BYTES.equals(Buffer.from(await response.arrayBuffer()))).toBe(true);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      etag: `"${DIGEST}"`,
      "content-type": "application/octet-stream",
      "content-length": String(BYTES.byteLength),
      "cache-control": "private, max-age=31536000, immutable",
      "accept-ranges": "bytes",
    });
    const again = await server.get(PATH, { headers: { "if-none-match": `"x", "${DIGEST}"` } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
  });

  it("gives the part that was asked for", async () => {
    await using server = await startTestServer();
    await put(server, BYTES);
    const part = async (range: string, headers = {}) => {
      const response = await server.get(PATH, { headers: { range, ...headers } });
      return [response.status, response.headers.get("content-range"), await response.text()];
    };
    expect(await part("bytes=8-12")).toEqual([206, "bytes 8-12/500000", "89012"]);
    expect(await part("bytes=-2")).toEqual([206, "bytes 499998-499999/500000", "89"]);
    expect(await part("bytes=8-12", { "if-range": `"${DIGEST}"` })).toEqual([206, "bytes 8-12/500000", "89012"]);
    expect((await part("bytes=8-12", { "if-range": '"other"' })).slice(0, 2)).toEqual([200, null]);
    const beyond = await part("bytes=500000-");
    expect(beyond).toEqual([416, "bytes */500000", expect.stringContaining("range-not-satisfiable")]);
  });

  it("can be asked about without its bytes", async () => {
    await using server = await startTestServer();
    expect((await server.get(PATH, { method: "HEAD" })).status).toBe(404);
    await put(server, BYTES);
    const response = await server.get(PATH, { method: "HEAD", headers: { range: "bytes=0-1" } });
    expect([response.status, response.headers.get("content-length")]).toEqual([200, "500000"]);
    expect(await response.text()).toBe("");
  });

  it("is a problem when it is not there", async () => {
    await using server = await startTestServer();
    const response = await server.get(PATH);
    expect([response.status, await response.text()]).toEqual([404, expect.stringContaining("no-such-blob")]);
  });
});

describe("a slow disk", () => {
  it("is waited for, however long the sender has nothing more to say", async () => {
    const { promise: disk, resolve: finish } = Promise.withResolvers<void>();
    await using server = await startTestServer({
      limits: { idleTimeoutMs: 30 },
      wrapBlobs: (blobs) => {
        const upload = blobs.upload.bind(blobs);
        return Object.assign(blobs, {
          upload: async (...args: Parameters<typeof upload>) => {
            const outcome = await upload(...args);
            await disk;
            return outcome;
          },
        });
      },
    });
    const answer = put(server, BYTES);
    // Longer than the server waits for a sender that still owes bytes.
    setTimeout(finish, 120);
    expect((await answer).status).toBe(201);
  });
});
