import { X509Certificate, type webcrypto } from "node:crypto";
import { isIP } from "node:net";
import { newSerial, pemText, validity, type Authority } from "./authority.ts";
import { makeKeys, privateKeyPem, SIGNATURE_ALGORITHM, signingKey } from "./pem.ts";
import { parseCertificateRequest } from "./request.ts";
import { loadX509, type Pkcs10CertificateRequest } from "./x509.ts";

export interface AgentCertificateOptions {
  /** PKCS #10, as the agent sent it. */
  readonly requestPem: string;
  readonly agentId: string;
  readonly nowMs: number;
  readonly lifetimeMs: number;
}

export type IssuedAgentCertificate =
  | {
      readonly ok: true;
      readonly certificatePem: string;
      /** Upper-case hex, as node:tls names it. */
      readonly serial: string;
      readonly notAfterMs: number;
    }
  /** What is wrong with the request, and what to send instead. */
  | { readonly ok: false; readonly message: string };

/** What says in a certificate which agent it is of. */
const AGENT_URI = "kiln:agent:";

/** A certificate by which the farm's servers know the agent. */
export async function issueAgentCertificate(
  authority: Authority,
  options: AgentCertificateOptions,
): Promise<IssuedAgentCertificate> {
  const { requestPem, agentId, nowMs, lifetimeMs } = options;
  const request = await parseCertificateRequest(requestPem);
  if (!request.ok) return request;
  const issued = await issue(authority, {
    name: agentId,
    publicKey: request.publicKey,
    names: [{ type: "url", value: `${AGENT_URI}${agentId}` }],
    usage: "clientAuth",
    validity: validity(nowMs, lifetimeMs),
  });
  return { ok: true, ...issued };
}

/** The agent that a verified certificate is of; null for one that is of none. `subjectAltName` as node:tls gives it. */
export function agentIdOf(certificate: { readonly subjectaltname?: string | undefined }): string | null {
  const [name, ...more] = (certificate.subjectaltname ?? "").split(", ");
  if (name === undefined || more.length > 0 || !name.startsWith(`URI:${AGENT_URI}`)) return null;
  return name.slice(`URI:${AGENT_URI}`.length);
}

export interface ServerCertificateOptions {
  /** Host names and addresses by which clients reach the server. */
  readonly names: readonly string[];
  readonly nowMs: number;
  readonly lifetimeMs: number;
}

export interface ServerCertificate {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly notAfterMs: number;
}

/** A certificate of the farm's own servers: HTTPS, gRPC and NATS. */
export async function issueServerCertificate(
  authority: Authority,
  { names, nowMs, lifetimeMs }: ServerCertificateOptions,
): Promise<ServerCertificate> {
  const keys = await makeKeys();
  const { certificatePem, notAfterMs } = await issue(authority, {
    name: names[0] ?? "kiln",
    publicKey: keys.publicKey,
    names: names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value })),
    usage: "serverAuth",
    validity: validity(nowMs, lifetimeMs),
  });
  return { certificatePem, privateKeyPem: await privateKeyPem(keys.privateKey), notAfterMs };
}

interface ToIssue {
  readonly name: string;
  readonly publicKey: Pkcs10CertificateRequest["publicKey"] | webcrypto.CryptoKey;
  readonly names: { readonly type: "dns" | "ip" | "url"; readonly value: string }[];
  readonly usage: "clientAuth" | "serverAuth";
  readonly validity: { readonly notBefore: Date; readonly notAfter: Date };
}

async function issue(authority: Authority, wanted: ToIssue) {
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(authority.certificatePem);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: [{ CN: [wanted.name.slice(0, 64)] }],
    issuer: issuer.subjectName,
    ...wanted.validity,
    publicKey: wanted.publicKey,
    signingKey: await signingKey(authority.privateKeyPem),
    signingAlgorithm: SIGNATURE_ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[wanted.usage]], false),
      new x509.SubjectAlternativeNameExtension(wanted.names),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  const certificatePem = pemText(certificate);
  return {
    certificatePem,
    serial: new X509Certificate(certificatePem).serialNumber,
    notAfterMs: wanted.validity.notAfter.getTime(),
  };
}
