import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect, type ConnectionOptions } from "node:tls";
import {
  issueAgentCertificate,
  issueServerCertificate,
  makeAuthority,
  makeCertificateRequest,
  type Authority,
} from "@kiln/identity";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Actor, AuditedAction } from "../../domain/audit.ts";
import { listenTls, type TlsListener } from "../grpc/tls-listener.ts";

const nowMs = Date.now();
const DAY_MS = 86_400_000;

async function certificateOf(by: Authority, atMs = nowMs) {
  const { privateKeyPem, requestPem } = await makeCertificateRequest("a");
  const issued = await issueAgentCertificate(by, { requestPem, agentId: "a-1", nowMs: atMs, lifetimeMs: DAY_MS });
  if (!issued.ok) throw new Error(issued.message);
  return { cert: issued.certificatePem, key: privateKeyPem };
}

let authority: Authority;
let listener: TlsListener;
let listen: (handshakeTimeoutMs?: number) => Promise<TlsListener>;
let noted: (Actor & AuditedAction)[] = [];
let given: (string | undefined)[] = [];

beforeAll(async () => {
  authority = await makeAuthority({ farm: "test", nowMs });
  const server = await issueServerCertificate(authority, { names: ["127.0.0.1"], nowMs, lifetimeMs: DAY_MS });
  const tls = { authorityPem: authority.certificatePem, ...server };
  const audit = { note: (by: Actor, action: AuditedAction) => void noted.push({ ...by, ...action }) };
  const parts = { audit, log: pino({ level: "silent" }) };
  const options = { host: "127.0.0.1", port: 0, tls };
  listen = (handshakeTimeoutMs = 10_000) =>
    listenTls({ ...options, handshakeTimeoutMs }, parts, (socket) => {
      given.push(socket.getPeerX509Certificate()?.subjectAltName);
      socket.end("hello");
    });
  listener = await listen();
});
afterAll(() => listener[Symbol.asyncDispose]());

/** What the client heard, what the server gave on and what it wrote down. */
async function come(options: ConnectionOptions) {
  [noted, given] = [[], []];
  const socket = connect({ host: "127.0.0.1", port: listener.port, ca: authority.certificatePem, ...options });
  let heard = "";
  socket.on("data", (bytes: Buffer) => (heard += bytes.toString()));
  socket.on("error", () => undefined);
  await new Promise((resolve) => void socket.once("close", resolve));
  return { heard, given, noted };
}

/** A connection on which the client's proof that it has its certificate's key is falsified: TLS 1.2, where that is not encrypted. */
function withoutKey(port: number): Duplex {
  const CERTIFICATE_VERIFY = 15;
  const HANDSHAKE = 22;
  const raw = connectTcp(port, "127.0.0.1");
  const duplex = new Duplex({
    read: () => void raw.resume(),
    write(chunk: Buffer, _encoding, done) {
      for (let at = 0; at + 5 < chunk.length; at += 5 + chunk.readUInt16BE(at + 3)) {
        const last = at + 5 + chunk.readUInt16BE(at + 3) - 1;
        if (chunk[at] === HANDSHAKE && chunk[at + 5] === CERTIFICATE_VERIFY) chunk[last] = (chunk[last] ?? 0) ^ 1;
      }
      raw.write(chunk, done);
    },
    final: (done) => void raw.end(done),
    destroy: (error, done) => {
      raw.destroy();
      done(error);
    },
  });
  raw.on("data", (bytes) => duplex.push(bytes));
  raw.on("end", () => duplex.push(null));
  return duplex;
}

describe("a port for clients with a certificate of the farm's", () => {
  const refused = { who: "nobody", from: "127.0.0.1", what: "access", outcome: "refused" } as const;

  it.each(["TLSv1.2", "TLSv1.3"] as const)(
    "gives on who has one, and writes nothing down, with %s",
    async (version) => {
      const came = await come({ ...(await certificateOf(authority)), maxVersion: version, ALPNProtocols: ["h2"] });
      expect(came).toEqual({ heard: "hello", given: ["URI:kiln:agent:a-1"], noted: [] });
    },
  );

  it.each(["TLSv1.2", "TLSv1.3"] as const)(
    "refuses one that another authority has signed, with %s",
    async (version) => {
      const another = await makeAuthority({ farm: "test", nowMs });
      const came = await come({ ...(await certificateOf(another)), maxVersion: version });
      expect(came).toMatchObject({ heard: "", given: [], noted: [{ ...refused, object: "agent a-1" }] });
      expect(came.noted[0]?.detail).toMatch(
        /^its certificate was refused: this farm did not sign it .+ on the gRPC port$/,
      );
    },
  );

  it("refuses one that has run out", async () => {
    const came = await come(await certificateOf(authority, nowMs - 2 * DAY_MS));
    expect(came).toMatchObject({ heard: "", given: [], noted: [refused] });
    expect(came.noted[0]?.detail).toContain("it has run out (CERT_HAS_EXPIRED)");
  });

  it("refuses who has none", async () => {
    const came = await come({});
    const detail = "it came without a certificate, on the gRPC port";
    expect(came).toMatchObject({ heard: "", given: [], noted: [{ ...refused, object: "", detail }] });
  });

  it("refuses who shows another's certificate without having its key", async () => {
    const { cert, key } = await certificateOf(authority);
    const came = await come({ cert, key, socket: withoutKey(listener.port), maxVersion: "TLSv1.2" });
    expect(came).toMatchObject({ heard: "", given: [], noted: [refused] });
    expect(came.noted[0]?.detail).toContain("does not have the key");
  });

  it("writes nothing down of who speaks no TLS, or leaves", async () => {
    [noted, given] = [[], []];
    for (const said of ["", "GET / HTTP/1.1\r\n\r\n", "\u0016\u0003\u0001"]) {
      const socket = connectTcp(listener.port, "127.0.0.1");
      socket.on("error", () => undefined);
      await once(socket.resume(), "connect");
      socket.end(said);
      await new Promise((resolve) => void socket.once("close", resolve));
    }
    expect({ given, noted }).toEqual({ given: [], noted: [] });
  });

  it("ends a connection that stays silent, and all that there are at its own end", async () => {
    const closed = (socket: Socket): Promise<boolean> =>
      new Promise(
        (resolve) =>
          void socket
            .resume()
            .on("error", () => undefined)
            .once("close", () => resolve(true)),
      );
    const hasty = await listen(50);
    expect(await closed(connectTcp(hasty.port, "127.0.0.1"))).toBe(true);
    await hasty[Symbol.asyncDispose]();
    const patient = await listen();
    const socket = connectTcp(patient.port, "127.0.0.1");
    await once(socket, "connect");
    const ended = closed(socket);
    await patient[Symbol.asyncDispose]();
    expect(await ended).toBe(true);
  });
});
