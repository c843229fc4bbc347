import { once } from "node:events";
import { X509Certificate } from "node:crypto";
import { connect, createServer, type TLSSocket } from "node:tls";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import {
  agentIdOf,
  certificateRequestKey,
  fingerprintOf,
  issueAgentCertificate,
  issueServerCertificate,
  makeAuthority,
  makeCertificateRequest,
  type Authority,
} from "../index.ts";

import { makeKeys, SIGNATURE_ALGORITHM } from "./pem.ts";
import { loadX509 } from "./x509.ts";

const nowMs = Date.now();
const HOUR_MS = 3_600_000;

const authority = await makeAuthority({ farm: "test", nowMs });
const stranger = await makeAuthority({ farm: "test", nowMs });

async function agentOf(by: Authority, agentId: string, at = nowMs) {
  const { privateKeyPem, requestPem } = await makeCertificateRequest("a machine");
  const issued = await issueAgentCertificate(by, { requestPem, agentId, nowMs: at, lifetimeMs: HOUR_MS });
  if (!issued.ok) throw new Error(issued.message);
  return { key: privateKeyPem, cert: issued.certificatePem, serial: issued.serial, notAfterMs: issued.notAfterMs };
}

/** One handshake with a server of the farm that demands a client's certificate; what each side knows of the other. */
async function handshake(options: { readonly by?: Authority; readonly names?: string[]; readonly client: object }) {
  const server = await issueServerCertificate(options.by ?? authority, {
    names: options.names ?? ["127.0.0.1", "farm.example"],
    nowMs,
    lifetimeMs: HOUR_MS,
  });
  const { promise: known, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const listener = createServer(
    {
      cert: server.certificatePem,
      key: server.privateKeyPem,
      ca: authority.certificatePem,
      requestCert: true,
      // The servers of a farm refuse; node:tls says why to those only who look themselves.
      rejectUnauthorized: false,
    },
    (seen) => (seen.authorized ? resolve(seen) : reject(seen.authorizationError)),
  );
  listener.on("tlsClientError", reject);
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const socket = connect({ host: "127.0.0.1", port, ca: authority.certificatePem, ...options.client });
  try {
    socket.on("error", reject);
    const seen = await known;
    return { agentId: agentIdOf(seen.getPeerCertificate()), serial: seen.getPeerCertificate().serialNumber };
  } finally {
    socket.destroy();
    listener.close();
  }
}

describe("certificates of a farm, in a real TLS handshake", () => {
  it("tell the server which agent connects, by the serial that was issued", async () => {
    const agent = await agentOf(authority, "gpu-1");
    const seen = await handshake({ client: agent });
    expect(seen).toEqual({ agentId: "gpu-1", serial: agent.serial });
  });

  it("are refused when another authority signed the agent's", async () => {
    await expect(handshake({ client: await agentOf(stranger, "gpu-1") })).rejects.toThrow(
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    );
  });

  it("are demanded of the agent", async () => {
    await expect(handshake({ client: {} })).rejects.toThrow("UNABLE_TO_GET_ISSUER_CERT");
  });

  it("are refused by the client when another authority signed the server's", async () => {
    const client = await agentOf(authority, "gpu-1");
    await expect(handshake({ by: stranger, client })).rejects.toThrow(/signature|self-signed|verify/i);
  });

  it("are refused by the client for a name that they do not have", async () => {
    const client = { ...(await agentOf(authority, "gpu-1")), servername: "other.example" };
    await expect(handshake({ client })).rejects.toThrow(/does not match/);
  });

  it("hold for the names and addresses given", async () => {
    const client = { ...(await agentOf(authority, "gpu-1")), servername: "farm.example" };
    await expect(handshake({ client })).resolves.toMatchObject({ agentId: "gpu-1" });
    await expect(handshake({ names: ["localhost"], client })).rejects.toThrow(/does not match/);
  });

  it("end when their lifetime does", async () => {
    const late = await agentOf(authority, "gpu-1", nowMs - 2 * HOUR_MS);
    expect(late.notAfterMs).toBeLessThan(nowMs);
    await expect(handshake({ client: late })).rejects.toThrow("CERT_HAS_EXPIRED");
  });

  it("of agents are none for servers, and those of servers none for agents", async () => {
    const agent = await agentOf(authority, "gpu-1");
    const server = await issueServerCertificate(authority, { names: ["127.0.0.1"], nowMs, lifetimeMs: HOUR_MS });
    const asClient = { cert: server.certificatePem, key: server.privateKeyPem };
    await expect(handshake({ client: asClient })).rejects.toThrow("INVALID_PURPOSE");
    expect(new X509Certificate(agent.cert).keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    expect(new X509Certificate(server.certificatePem).keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  });
});

describe("the fingerprint of a farm", () => {
  it("is 43 characters, and of no other farm, whatever its name", () => {
    expect(fingerprintOf(authority.certificatePem)).toMatch(/^[\w-]{43}$/);
    expect(fingerprintOf(authority.certificatePem)).not.toBe(fingerprintOf(stranger.certificatePem));
  });

  it("is of a certificate that no agent's or server's can pass for", async () => {
    const { cert } = await agentOf(authority, "gpu-1");
    expect(new X509Certificate(authority.certificatePem).ca).toBe(true);
    expect(new X509Certificate(cert).ca).toBe(false);
  });
});

describe("what an agent is certified as", () => {
  it("is the farm's decision and not what its request says", async () => {
    const { requestPem } = await makeCertificateRequest("kiln:agent:other");
    const issued = await issueAgentCertificate(authority, { requestPem, agentId: "a", nowMs, lifetimeMs: HOUR_MS });
    if (!issued.ok) throw new Error(issued.message);
    const { subject, subjectAltName } = new X509Certificate(issued.certificatePem);
    expect({ subject, subjectAltName }).toEqual({ subject: "CN=a", subjectAltName: "URI:kiln:agent:a" });
  });

  it.each([undefined, "", "DNS:kiln:agent:a", "URI:kiln:agent:a, URI:kiln:agent:b", "URI:https://kiln:agent:a"])(
    "is nothing for a certificate whose names are %j",
    (subjectaltname) => {
      expect(agentIdOf({ subjectaltname })).toBeNull();
    },
  );

  it.each(["", "no request", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"])(
    "is nothing for a request of %j, which is refused with what to send",
    async (requestPem) => {
      const issued = await issueAgentCertificate(authority, { requestPem, agentId: "a", nowMs, lifetimeMs: HOUR_MS });
      expect(issued).toEqual({ ok: false, message: expect.stringMatching(/cannot be read: send a PKCS #10/) });
    },
  );

  it("is nothing for a request whose signature another key made", async () => {
    const [mine, other] = await Promise.all([makeCertificateRequest("a"), makeCertificateRequest("a")]);
    const der = (pem: string) => Buffer.from(pem.replace(/-----.*-----/g, ""), "base64");
    // Requests of equal names differ in key and signature only: the other's signature under this one's key.
    const forged = Buffer.concat([der(mine.requestPem).subarray(0, -60), der(other.requestPem).subarray(-60)]);
    const requestPem = `-----BEGIN CERTIFICATE REQUEST-----\n${forged.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
    const issued = await issueAgentCertificate(authority, { requestPem, agentId: "a", nowMs, lifetimeMs: HOUR_MS });
    expect(issued.ok).toBe(false);
  });
});

describe("a certificate request", () => {
  it("is known by its key, whatever its name and however often it is signed", async () => {
    const { Pkcs10CertificateRequestGenerator } = await loadX509();
    const keys = await makeKeys();
    const request = async (name: string) => {
      const options = { name: `CN=${name}`, keys, signingAlgorithm: SIGNATURE_ALGORITHM };
      return (await Pkcs10CertificateRequestGenerator.create(options)).toString("pem");
    };
    const requests = [await request("a"), await request("a"), await request("b")];
    expect(new Set(requests).size).toBe(3);
    const known = await Promise.all(requests.map(certificateRequestKey));
    const [first] = known;
    expect(first).toEqual({ ok: true, digest: expect.stringMatching(/^[\w-]{43}$/) as string });
    expect(known).toEqual([first, first, first]);
    expect(await certificateRequestKey((await makeCertificateRequest("a")).requestPem)).not.toEqual(first);
    expect(await certificateRequestKey("no request")).toMatchObject({ ok: false });
  });
});
