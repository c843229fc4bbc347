import type { JoinFailure } from "../../domain/join/join-failure.ts";
import type { FarmAddresses } from "../../ports/credentials.ts";

const ANSWER_CHARS_MAX = 256 * 1024;
const DETAIL_CHARS_MAX = 500;

export interface FarmAnswer {
  readonly status: number;
  /** Empty when it was no JSON object. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** The farm's answer to an enrolment or a renewal. */
export async function readAnswer(response: { readonly status: number; text(): Promise<string> }): Promise<FarmAnswer> {
  const text = (await response.text()).slice(0, ANSWER_CHARS_MAX);
  try {
    const body: unknown = JSON.parse(text);
    const isObject = typeof body === "object" && body !== null;
    return { status: response.status, body: isObject ? (body as Record<string, unknown>) : {} };
  } catch {
    return { status: response.status, body: {} };
  }
}

/** Why the farm refused, by the type of its problem (RFC 9457). `sentMs` is this machine's time of the request. */
export function answerFailure({ status, body }: FarmAnswer, sentMs: number): JoinFailure {
  const type = typeof body["type"] === "string" ? body["type"].replace(/^urn:kiln:(?:problem:)?/, "") : "";
  const detail = (typeof body["detail"] === "string" ? body["detail"] : "it gave no reason").slice(0, DETAIL_CHARS_MAX);
  switch (type) {
    case "token-used":
    case "token-expired":
    case "token-unknown":
    case "malformed-token":
      return { kind: type, detail };
    case "token-foreign":
      return { kind: "token-unknown", detail };
    case "agent-revoked":
      return { kind: "revoked", detail };
    case "clock-skew": {
      const thereMs = typeof body["farmTimeMs"] === "number" ? body["farmTimeMs"] : sentMs;
      return { kind: "clock-skew", hereMs: sentMs, thereMs };
    }
    default:
      return { kind: status === 429 || status >= 500 ? "unavailable" : "refused", status, detail };
  }
}

/** Addresses without a host are on the one by which the farm was reached. */
export function reachable(
  { grpcAddress, natsUrl }: Pick<FarmAddresses, "grpcAddress" | "natsUrl">,
  host: string,
): Pick<FarmAddresses, "grpcAddress" | "natsUrl"> {
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    grpcAddress: grpcAddress.startsWith(":") ? `${name}${grpcAddress}` : grpcAddress,
    natsUrl: natsUrl.replace(/^([a-z]+:\/\/)(?=:)/, `$1${name}`),
  };
}
