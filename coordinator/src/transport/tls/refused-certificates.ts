import type { Server, TLSSocket } from "node:tls";
import { agentIdOf } from "@kiln/identity";
import type { AuditLog } from "../../services/audit-log.ts";

/** OpenSSL's names for what a verification can find (openssl-verification-options(1)), in words. */
const FOUND: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "it has run out",
  CERT_NOT_YET_VALID: "it is not valid yet",
  INVALID_PURPOSE: "it is not one for clients",
  DEPTH_ZERO_SELF_SIGNED_CERT: "this farm did not sign it",
  SELF_SIGNED_CERT_IN_CHAIN: "this farm did not sign it",
  UNABLE_TO_GET_ISSUER_CERT: "this farm did not sign it",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "this farm did not sign it",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "this farm did not sign it",
  CERT_SIGNATURE_FAILURE: "this farm did not sign it",
};

/** What OpenSSL 3 and 1.1 call it when a client has shown a certificate and does not prove that it has its key. */
const WITHOUT_KEY: ReadonlySet<string | undefined> = new Set([
  "ERR_SSL_PROVIDER_SIGNATURE_FAILURE",
  "ERR_SSL_BAD_SIGNATURE",
]);

interface Refusing {
  readonly audit: Pick<AuditLog, "note">;
  /** As people call it. */
  readonly port: "gRPC" | "HTTPS";
}

export interface CertificateRefusal {
  /** Whether the client showed a certificate at all. */
  readonly shown: boolean;
  /** What the certificate says of itself, which nobody should believe; may be empty. */
  readonly object: string;
  readonly detail: string;
}

/**
 * Why the client of this connection is nobody the farm knows; null when it has shown a certificate of the farm's
 * authority.
 */
export function certificateRefusal(socket: TLSSocket): CertificateRefusal | null {
  if (socket.authorized) return null;
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return { shown: false, object: "", detail: "it came without a certificate" };
  const claimed = agentIdOf({ subjectaltname: certificate.subjectAltName });
  // Typed as an Error; it is the code.
  const code = String(socket.authorizationError);
  const why = FOUND[code] === undefined ? code : `${FOUND[code]} (${code})`;
  return {
    shown: true,
    object: claimed === null ? "" : `agent ${claimed}`,
    detail: `its certificate was refused: ${why}`,
  };
}

/** Writes down that a client's certificate, or that it had none, was refused. */
export function noteRefusedCertificate(
  { audit, port }: Refusing,
  { object, detail }: Pick<CertificateRefusal, "object" | "detail">,
  from: string | undefined,
): void {
  const by = { who: "nobody", from: from ?? "" };
  audit.note(by, { what: "access", object, outcome: "refused", detail: `${detail}, on the ${port} port`, way: "tls" });
}

/**
 * Writes down who shows another's certificate without having its key. Other handshakes that fail are not in the
 * audit log: anything that scans ports, speaks no TLS or just leaves makes them.
 */
export function noteStolenCertificates(server: Server, refusing: Refusing): void {
  server.on("tlsClientError", (error: NodeJS.ErrnoException, socket) => {
    if (!WITHOUT_KEY.has(error.code)) return;
    const detail = "it does not have the key of the certificate that it showed";
    noteRefusedCertificate(refusing, { object: "", detail }, socket.remoteAddress);
  });
}
