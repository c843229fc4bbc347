import type { JoinFailure } from "../../domain/join/join-failure.ts";

export interface Target {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

/** OpenSSL's words for a certificate that another authority signed (X509_verify_cert_error_string). */
const FOREIGN =
  /^(?:UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE|INVALID_CA|CERT_CHAIN_TOO_LONG)/;
/** The other side sent something that is no TLS. */
const NO_TLS = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNKNOWN_PROTOCOL|UNSUPPORTED_PROTOCOL|HTTP_REQUEST|EPROTO/;

const HOW: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection is refused",
  ECONNRESET: "the connection was cut",
  EPIPE: "the connection was cut",
  ETIMEDOUT: "no answer came in time",
  UND_ERR_CONNECT_TIMEOUT: "no answer came in time",
  UND_ERR_HEADERS_TIMEOUT: "no answer came in time",
  UND_ERR_SOCKET: "the connection was cut",
  EHOSTUNREACH: "there is no way to that address",
  ENETUNREACH: "there is no way to that network",
  EADDRNOTAVAIL: "it is no address that this machine can reach",
  EACCES: "this machine does not allow the connection",
  EPERM: "this machine does not allow the connection",
};

/** What a connection that failed means; "foreign": its certificate is not of the authority that was to sign it. */
export function connectionFailure(cause: unknown, { host, port }: Target): JoinFailure | "foreign" | "clock" {
  const code = codeOf(cause);
  if (code === "ENOTFOUND" || code === "EAI_AGAIN" || code === "EAI_NODATA") return { kind: "unknown-host", host };
  if (code === "CERT_NOT_YET_VALID" || code === "CERT_HAS_EXPIRED") return "clock";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return { kind: "wrong-name", host, names: namesOf(cause) };
  if (FOREIGN.test(code)) return "foreign";
  if (NO_TLS.test(code)) return { kind: "no-tls", host, port };
  return { kind: "no-answer", host, port, how: HOW[code] ?? messageOf(cause) };
}

/** The system's or OpenSSL's code of an error or of what caused it; "" without one. */
export function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "";
  // Several addresses of one name were tried: the first says as much as any.
  if (cause instanceof AggregateError && cause.errors.length > 0) return codeOf(cause.errors[0]);
  // What caused it says more than undici's "UND_ERR_…", if anything did.
  const inner = cause.cause === undefined ? "" : codeOf(cause.cause);
  if (inner !== "") return inner;
  return "code" in cause && typeof cause.code === "string" ? cause.code : "";
}

function messageOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause === undefined ? cause.message : messageOf(cause.cause);
}

/** The names in the certificate that did not fit (node:tls puts it into the error). */
function namesOf(cause: unknown): readonly string[] {
  if (!(cause instanceof Error)) return [];
  if (cause.cause !== undefined) return namesOf(cause.cause);
  const { cert } = cause as { readonly cert?: { readonly subjectaltname?: string } };
  return (cert?.subjectaltname ?? "")
    .split(", ")
    .map((one) => one.replace(/^(?:DNS|IP Address):/, ""))
    .filter((one) => one !== "");
}
