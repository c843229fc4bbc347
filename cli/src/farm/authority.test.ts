import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Server } from "node:https";
import { createServer as createTcpServer, type AddressInfo, type Server as NetServer } from "node:net";
import { join } from "node:path";
import { readdir } from "node:fs/promises";
import { issueServerCertificate, makeAuthority, makeToken, fingerprintOf, type Authority } from "@kiln/identity";
import { expect, test } from "vitest";
import { tempDir } from "../testing/temp-dir.ts";
import { findFarmAddress } from "./address.ts";
import { FarmClient } from "./client.ts";

const HOUR_MS = 3_600_000;
const nowMs = Date.now();
const [farm, other] = [await makeAuthority({ farm: "a", nowMs }), await makeAuthority({ farm: "b", nowMs })];
const token = makeToken("api", fingerprintOf(farm.certificatePem));

interface Farm extends AsyncDisposable {
  readonly port: number;
  /** `PATH authorization` of each request. */
  readonly asked: string[];
}

/** A farm whose certificate `by` has signed, and that shows `authority` as its own. */
async function serve(
  options: {
    readonly by?: Authority;
    readonly authority?: string;
    readonly names?: readonly string[];
    readonly atMs?: number;
  } = {},
): Promise<Farm> {
  const { by = farm, authority = farm.certificatePem, names = ["127.0.0.1"], atMs = nowMs } = options;
  const issued = await issueServerCertificate(by, { names, nowMs: atMs, lifetimeMs: HOUR_MS });
  const asked: string[] = [];
  const server = createServer({ cert: issued.certificatePem, key: issued.privateKeyPem }, (request, response) => {
    asked.push(`${request.url} ${request.headers.authorization ?? ""}`.trim());
    response.end(request.url === "/ca.pem" ? authority : JSON.stringify({ version: "1.2.3" }));
  });
  return listening(server, asked);
}

async function listening(server: Server | NetServer, asked: string[] = []): Promise<Farm> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    async [Symbol.asyncDispose]() {
      if ("closeAllConnections" in server) server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const clientOf = (port: number, homeDir: string, url = `https://127.0.0.1:${port}`) =>
  new FarmClient({ url, token, from: "KILN_URL", homeDir });

test("a farm elsewhere is known by the token's fingerprint before the token is sent, and its certificate is kept", async () => {
  await using dir = await tempDir();
  await using server = await serve();
  expect(await clientOf(server.port, dir.path).farm()).toEqual({ version: "1.2.3" });
  expect(server.asked).toEqual(["/ca.pem", `/api/v1/farm Bearer ${token}`]);
  expect(await readdir(join(dir.path, "authorities"))).toEqual([`${fingerprintOf(farm.certificatePem)}.pem`]);
  await clientOf(server.port, dir.path).farm();
  expect(server.asked.slice(2)).toEqual([`/api/v1/farm Bearer ${token}`]);
});

test("another farm gets no token, and both fingerprints are told", async () => {
  await using dir = await tempDir();
  await using server = await serve({ by: other, authority: other.certificatePem });
  await expect(clientOf(server.port, dir.path).farm()).rejects.toMatchObject({
    message: expect.stringContaining("is not the one that the token is of: nothing was sent to it"),
    advice: expect.stringContaining(fingerprintOf(other.certificatePem)),
  });
  expect(server.asked).toEqual(["/ca.pem"]);
});

test("who only shows the farm's certificate without its key gets no token", async () => {
  await using dir = await tempDir();
  await using server = await serve({ by: other });
  await expect(clientOf(server.port, dir.path).farm()).rejects.toMatchObject({
    message: expect.stringContaining("has a certificate that is not of the token's farm: nothing was sent to it"),
    advice: expect.stringContaining("proxy"),
  });
  expect(server.asked).toEqual(["/ca.pem"]);
});

test.each([
  [{ names: ["farm.example"] }, /certificate is not for 127\.0\.0\.1/, /--host ADDRESS,127\.0\.0\.1/],
  [{ atMs: nowMs + HOUR_MS }, /not valid yet by this machine's clock, which says 20/, /Set this machine's clock/],
  [{ atMs: nowMs - 2 * HOUR_MS }, /has expired by this machine's clock/, /start it again/],
])("a certificate with %j is refused with what to do", async (options, message, advice) => {
  await using dir = await tempDir();
  await using server = await serve(options);
  const error: unknown = await clientOf(server.port, dir.path)
    .farm()
    .catch((caught: unknown) => caught);
  expect(error).toMatchObject({ message: expect.stringMatching(message), advice: expect.stringMatching(advice) });
});

test("plain HTTP behind https is told, and https behind plain HTTP", async () => {
  await using dir = await tempDir();
  await using plain = await listening(createHttpServer((_request, response) => response.end("hello")));
  await expect(clientOf(plain.port, dir.path).farm()).rejects.toMatchObject({
    message: expect.stringContaining("speaks no TLS"),
    advice: expect.stringContaining("plain http"),
  });
  await using secure = await serve();
  const url = `http://127.0.0.1:${secure.port}`;
  await expect(clientOf(secure.port, dir.path, url).farm()).rejects.toThrow("farms answer on https://");
});

test("what is no farm, and what ends every connection, is told as that", async () => {
  await using dir = await tempDir();
  await using page = await serve({ authority: "<html>" });
  await expect(clientOf(page.port, dir.path).farm()).rejects.toThrow("is not a Kiln farm");
  await using cut = await listening(createTcpServer((socket) => socket.destroy()));
  await expect(clientOf(cut.port, dir.path).farm()).rejects.toThrow(`No farm answers at https://127.0.0.1:${cut.port}`);
});

test("a token is not sent over plain HTTP to another machine", async () => {
  await expect(findFarmAddress({ KILN_URL: "http://farm.example:8270", KILN_TOKEN: token })).rejects.toMatchObject({
    message: expect.stringContaining("in the clear"),
    advice: expect.stringContaining("KILN_URL=https://farm.example:8270"),
  });
});
