import { randomBytes, X509Certificate } from "node:crypto";
import { makeKeys, privateKeyPem, SIGNATURE_ALGORITHM } from "./pem.ts";
import { loadX509 } from "./x509.ts";

/** What a farm signs certificates with. Whoever has the key is the farm. */
export interface Authority {
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly privateKeyPem: string;
}

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;
/** As long as a farm may live: its fingerprint is in the hands of every machine and person. */
const AUTHORITY_LIFETIME_MS = 20 * YEAR_MS;
/**
 * Certificates are valid from this long before they are made: a machine whose
 * clock is behind by less than enrolment tolerates must be able to use its own.
 */
const BACKDATED_MS = 10 * 60 * 1000;

/** A new authority for the farm of that name. It signs certificates of machines and no further authorities. */
export async function makeAuthority(options: { readonly farm: string; readonly nowMs: number }): Promise<Authority> {
  const x509 = await loadX509();
  const keys = await makeKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: [{ O: ["Kiln"] }, { CN: [`Kiln farm ${options.farm}`] }],
    ...validity(options.nowMs, AUTHORITY_LIFETIME_MS),
    keys,
    signingAlgorithm: SIGNATURE_ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificatePem: pemText(certificate), privateKeyPem: await privateKeyPem(keys.privateKey) };
}

/**
 * SHA-256 of the certificate's DER form as base64url: 43 characters. This is
 * what tokens carry, so that a machine knows the farm before it trusts it.
 * Throws when the text is not a certificate.
 */
export function fingerprintOf(certificatePem: string): string {
  const hex = new X509Certificate(certificatePem).fingerprint256.replaceAll(":", "");
  return Buffer.from(hex, "hex").toString("base64url");
}

/** Certificates count seconds: both ends are cut to one. */
export function validity(nowMs: number, lifetimeMs: number): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: secondOf(nowMs - BACKDATED_MS), notAfter: secondOf(nowMs + lifetimeMs) };
}

/** 127 random bits: positive, whatever the library does with the first one (RFC 5280, 4.1.2.2). */
export function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

/** PEM with a line end after it, as files have it. */
export function pemText(item: { toString(format: "pem"): string }): string {
  return `${item.toString("pem").trimEnd()}\n`;
}

function secondOf(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}
