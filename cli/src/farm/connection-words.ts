import { CliError } from "../program/cli-error.ts";
import type { FarmAddress } from "./address.ts";
import type { ConnectionError } from "./http-request.ts";

/** What node:tls says of a certificate that another authority has signed. */
const FOREIGN = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_SIGNATURE_FAILURE",
]);

/** Why a farm cannot be reached, in words. What another try may cure has the ConnectionError as its cause. */
export function connectionWords(error: ConnectionError, address: FarmAddress, nowMs: number): CliError {
  const { url, from } = address;
  const { hostname } = new URL(url);
  const comes = `The address comes from ${from}.`;
  const lasting = (message: string, advice: string): CliError => new CliError(message, { advice });
  if (FOREIGN.has(error.code)) {
    return lasting(
      `What answers at ${url} has a certificate that is not of the token's farm: nothing was sent to it.`,
      `A proxy that opens TLS stands before it, or another farm is there now. ${comes}`,
    );
  }
  switch (error.code) {
    case "ECONNREFUSED":
      return waiting(error, url, "nothing listens there", comes);
    case "CERT_NOT_YET_VALID":
      return lasting(
        `The farm's certificate is not valid yet by this machine's clock, which says ${timeOf(nowMs)}.`,
        "Set this machine's clock, or the farm's if that is ahead.",
      );
    case "CERT_HAS_EXPIRED":
      return lasting(
        `The farm's certificate has expired by this machine's clock, which says ${timeOf(nowMs)}.`,
        "Set this machine's clock if that is wrong. A farm renews its certificate by itself while it runs: start it again.",
      );
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return lasting(
        `The farm's certificate is not for ${hostname}.`,
        `Start the farm with the name: ./kiln up --host ADDRESS,${hostname}. ${comes}`,
      );
    case "EPROTO":
      return lasting(
        `What answers at ${url} speaks no TLS that Kiln understands: ${shortOf(error.message)}.`,
        `Another program or a proxy on plain http is there. ${comes}`,
      );
    default:
      if (url.startsWith("http:") && /^(?:HPE_|ECONNRESET)/.test(error.code)) {
        return waiting(error, url, `${shortOf(error.message)}; farms answer on https://`, comes);
      }
      return waiting(error, url, error.message, comes);
  }
}

function waiting(error: ConnectionError, url: string, why: string, comes: string): CliError {
  return new CliError(`No farm answers at ${url}: ${why}.`, {
    advice: `Start one with ./kiln up. ${comes}`,
    cause: error,
  });
}

/** OpenSSL's own report has several lines and the names of its files. */
function shortOf(message: string): string {
  return /:SSL routines:[^:]*:([^:\n]+)/.exec(message)?.[1] ?? message.trim().split("\n")[0] ?? "";
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
