import { connect } from "node:net";
import { text as readText } from "node:stream/consumers";
import { describe, expect, it, vi } from "vitest";
import { sha256, startTestServer, TOKEN, type TestServer } from "./testing.ts";

const BYTES = Buffer.from("0123456789".repeat(300_000));
const DIGEST = sha256(BYTES);
const PATH = `/blobs/${DIGEST}`;

function head(headers: string): string {
  return `PUT /api/v1${PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n${headers}\r\n\r\n`;
}

/** Sends the beginning of a blob and goes away once some of it has arrived; says how much is kept. */
async function breakOff(server: TestServer, bytes: Buffer): Promise<number> {
  const uploadSpy = vi.spyOn(server.blobs, "upload");
  const socket = connect(server.port, "127.0.0.1");
  socket.write(head(`Content-Length: ${BYTES.byteLength}`));
  socket.write(bytes);
  await vi.waitUntil(async () => (await receivedBytes(server)) > 0);
  socket.destroy();
  await expect(uploadSpy.mock.results[0]?.value).rejects.toThrow();
  uploadSpy.mockRestore();
  return receivedBytes(server);
}

async function receivedBytes(server: TestServer): Promise<number> {
  const response = await server.get(`${PATH}/upload`);
  const state = (await response.json()) as { sha256: string; receivedBytes: number };
  expect([response.status, state.sha256]).toEqual([200, DIGEST]);
  return state.receivedBytes;
}

function goOn(server: TestServer, from: number, bytes = BYTES): Promise<Response> {
  const range = `bytes ${from}-${bytes.byteLength - 1}/${bytes.byteLength}`;
  return server.get(PATH, { method: "PUT", body: bytes.subarray(from), headers: { "content-range": range } });
}

describe("an upload that breaks off", () => {
  it("goes on from what came, and all of it is checked", async () => {
    await using server = await startTestServer();
    expect(await receivedBytes(server)).toBe(0);
    const received = await breakOff(server, BYTES.subarray(0, 2_000_000));
    expect(received).toBeGreaterThan(0);
    expect(received).toBeLessThanOrEqual(2_000_000);
    expect((await server.get(PATH, { method: "HEAD" })).status).toBe(404);
    const response = await goOn(server, received);
    expect([response.status, await response.json()]).toEqual([201, { sha256: DIGEST, sizeBytes: BYTES.byteLength }]);
    expect(BYTES.equals(Buffer.from(await (await server.get(PATH)).arrayBuffer()))).toBe(true);
    expect(await receivedBytes(server)).toBe(BYTES.byteLength);
  });

  it("may as well be sent anew, or from before its end", async () => {
    await using server = await startTestServer();
    const received = await breakOff(server, BYTES.subarray(0, 2_000_000));
    expect((await goOn(server, Math.floor(received / 2))).status).toBe(201);
    await using other = await startTestServer();
    await breakOff(other, BYTES.subarray(0, 2_000_000));
    expect((await other.get(PATH, { method: "PUT", body: BYTES })).status).toBe(201);
  });

  it("is forgotten when a byte of it was wrong, so that the next try starts anew", async () => {
    await using server = await startTestServer();
    const flipped = Buffer.from(BYTES);
    flipped[0] = 0xff;
    const received = await breakOff(server, flipped.subarray(0, 2_000_000));
    const refused = await goOn(server, received);
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining("digest-mismatch")]);
    expect(await receivedBytes(server)).toBe(0);
    expect((await goOn(server, 0)).status).toBe(201);
  });

  it("does not go on from beyond what came", async () => {
    await using server = await startTestServer();
    const received = await breakOff(server, BYTES.subarray(0, 2_000_000));
    const refused = await goOn(server, received + 1);
    expect([refused.status, await refused.text()]).toEqual([409, expect.stringContaining(`only ${received} bytes`)]);
    expect((await goOn(server, received)).status).toBe(201);
  });

  it("has one sender that goes on at a time", async () => {
    await using server = await startTestServer();
    const received = await breakOff(server, BYTES.subarray(0, 2_000_000));
    const uploadSpy = vi.spyOn(server.blobs, "upload");
    const first = connect(server.port, "127.0.0.1");
    const rest = BYTES.subarray(received);
    const range = `Content-Range: bytes ${received}-${BYTES.byteLength - 1}/${BYTES.byteLength}`;
    first.write(head(`Connection: close\r\nContent-Length: ${rest.byteLength}\r\n${range}`));
    await vi.waitUntil(() => uploadSpy.mock.calls.length > 0);
    const second = await goOn(server, received);
    expect([second.status, await second.text()]).toEqual([409, expect.stringContaining("another upload")]);
    first.write(rest);
    expect(await readText(first)).toContain("HTTP/1.1 201 ");
  });
});

describe("a Content-Range", () => {
  it("is refused when it is not the rest of the blob, or cannot be read", async () => {
    await using server = await startTestServer();
    for (const range of ["bytes 0-9/20", "bytes 0-19/20", "bytes 10-18/20", "bytes 0-9/*", "lines 0-9/10"]) {
      const headers = { "content-range": range };
      const response = await server.get(PATH, { method: "PUT", body: BYTES.subarray(0, 10), headers });
      expect([range, response.status, await response.text()]).toEqual([
        range,
        400,
        expect.stringContaining("Content-Range"),
      ]);
    }
  });

  it("does not lead past the limit of a blob", async () => {
    await using server = await startTestServer({ limits: { blobBytesMax: 1_000 } });
    const headers = { "content-range": "bytes 991-1000/1001" };
    const response = await server.get(PATH, { method: "PUT", body: BYTES.subarray(0, 10), headers });
    expect([response.status, await response.text()]).toEqual([413, expect.stringContaining("limit http-blob-bytes")]);
  });
});
