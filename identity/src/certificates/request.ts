import { createHash, createPublicKey } from "node:crypto";
import { pemText } from "./authority.ts";
import { makeKeys, privateKeyPem, SIGNATURE_ALGORITHM } from "./pem.ts";
import { loadX509, type Pkcs10CertificateRequest } from "./x509.ts";

export interface CertificateRequest {
  /** PKCS #8; stays on the machine that made it. */
  readonly privateKeyPem: string;
  /** PKCS #10. */
  readonly requestPem: string;
}

/** Longest request that is looked at, in characters: one on P-256 has about 400. */
const REQUEST_CHARS_MAX = 8 * 1024;
const NAME_CHARS_MAX = 64;
/** What OpenSSL calls P-256. */
const OPENSSL_CURVE = "prime256v1";

/** A new key and the request for a certificate of it. The name is for people; the farm decides what it certifies. */
export async function makeCertificateRequest(name: string): Promise<CertificateRequest> {
  const x509 = await loadX509();
  const keys = await makeKeys();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [name.slice(0, NAME_CHARS_MAX)] }],
    keys,
    signingAlgorithm: SIGNATURE_ALGORITHM,
  });
  return { privateKeyPem: await privateKeyPem(keys.privateKey), requestPem: pemText(request) };
}

export type ParsedRequest =
  | { readonly ok: true; readonly publicKey: Pkcs10CertificateRequest["publicKey"] }
  | { readonly ok: false; readonly message: string };

/** The key of a request that proves to hold it. */
export async function parseCertificateRequest(requestPem: string): Promise<ParsedRequest> {
  const hint = "send a PKCS #10 request in PEM, signed with its own key on P-256";
  if (requestPem.length > REQUEST_CHARS_MAX) {
    return { ok: false, message: `the certificate request has over ${REQUEST_CHARS_MAX} characters: ${hint}` };
  }
  const x509 = await loadX509();
  try {
    const request = new x509.Pkcs10CertificateRequest(requestPem);
    const key = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: "der", type: "spki" });
    if (key.asymmetricKeyDetails?.namedCurve !== OPENSSL_CURVE) {
      return { ok: false, message: `the certificate request has a key of another kind: ${hint}` };
    }
    if (await request.verify()) return { ok: true, publicKey: request.publicKey };
    return { ok: false, message: `the certificate request is not signed with the key that it names: ${hint}` };
  } catch {
    return { ok: false, message: `the certificate request cannot be read: ${hint}` };
  }
}

export type RequestKey =
  /** `digest`: base64url SHA-256 of the public key (SubjectPublicKeyInfo in DER), 43 characters. */
  { readonly ok: true; readonly digest: string } | { readonly ok: false; readonly message: string };

/** Which key a request is for: two requests of one key have different signatures. */
export async function certificateRequestKey(requestPem: string): Promise<RequestKey> {
  const parsed = await parseCertificateRequest(requestPem);
  if (!parsed.ok) return parsed;
  const digest = createHash("sha256").update(Buffer.from(parsed.publicKey.rawData)).digest("base64url");
  return { ok: true, digest };
}
