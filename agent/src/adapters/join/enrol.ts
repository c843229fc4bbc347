import { Agent, fetch } from "undici";
import { parseToken } from "@kiln/identity";
import { isAgentId } from "@kiln/proto";
import type { JoinFailure } from "../../domain/join/join-failure.ts";
import { proxyFor } from "../../domain/join/proxy-variables.ts";
import type { Credentials } from "../../ports/credentials.ts";
import { makeJoiningKeys, type JoiningKeys } from "../disk/joining-keys.ts";
import { connectionFailure } from "./connection-failure.ts";
import { fetchAuthority, targetOf, type FarmAuthority } from "./fetch-authority.ts";
import { answerFailure, readAnswer, reachable } from "./enrolment-answer.ts";

const ANSWER_MS = 30_000;
/** Farms refuse more; certificates are valid from 10 minutes before they are made. */
const CLOCK_SKEW_MS_MAX = 5 * 60_000;

export interface JoinRequest {
  /** https://host:port */
  readonly url: string;
  readonly token: string;
  /** For people. */
  readonly name: string;
  /** Default: new ones. The same ones again are the same machine to the farm. */
  readonly keys?: () => Promise<JoiningKeys>;
}

export type JoinResult =
  /** `clockApartMs`: how far this machine's clock is from the farm's, to a second; null when the farm did not say. */
  | { readonly ok: true; readonly credentials: Credentials; readonly clockApartMs: number | null }
  | { readonly ok: false; readonly failure: JoinFailure };

export interface JoinSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly nowMs: () => number;
}

/**
 * Makes this machine an agent of a farm: keys that never leave it, a
 * certificate and a NATS user for them. The farm is known by the fingerprint in
 * the token before the token is sent. A failure is a value; nothing is stored.
 */
export async function enrol(request: JoinRequest, surroundings: JoinSurroundings): Promise<JoinResult> {
  const url = farmUrl(request.url);
  if (typeof url !== "string") return failed(url);
  const parsed = parseToken(request.token);
  if (!parsed.ok) return failed({ kind: "malformed-token", detail: parsed.message });
  if (parsed.token.kind !== "join") {
    const detail = "it is an API token, for people and scripts: machines join with one of kiln agent token";
    return failed({ kind: "malformed-token", detail });
  }
  const found = await fetchAuthority(url, parsed.token.fingerprint, surroundings);
  if (!found.ok) return found;
  const { farmTimeMs, hereMs } = found.authority;
  if (farmTimeMs !== null && Math.abs(hereMs - farmTimeMs) > CLOCK_SKEW_MS_MAX) {
    return failed({ kind: "clock-skew", hereMs, thereMs: farmTimeMs });
  }
  return send({ ...request, url }, found.authority, surroundings);
}

/** A farm's address without a slash at the end, or why it is none. */
function farmUrl(text: string): string | JoinFailure {
  if (!URL.canParse(text)) return { kind: "bad-url", url: text };
  const { protocol, host } = new URL(text);
  if (protocol === "http:") return { kind: "plain-http", url: text };
  if (protocol !== "https:" || host === "") return { kind: "bad-url", url: text };
  return `https://${host}`;
}

async function send(
  { url, token, name, keys = () => makeJoiningKeys(name) }: JoinRequest,
  authority: FarmAuthority,
  { env, nowMs }: JoinSurroundings,
): Promise<JoinResult> {
  const { authorityPem, issuer } = authority;
  const target = targetOf(url);
  const { privateKeyPem, requestPem, natsSeed, natsPublicKey } = await keys();
  const agent = new Agent({ connect: { ca: authorityPem, timeout: 10_000 } });
  const sentMs = nowMs();
  try {
    const response = await fetch(`${url}/api/v1/enrolments`, {
      method: "POST",
      dispatcher: agent,
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        token: token.trim(),
        request: requestPem,
        natsPublicKey,
        name,
        nowMs: sentMs,
      }),
    });
    const answer = await readAnswer(response);
    if (answer.status !== 200 && answer.status !== 201) return failed(answerFailure(answer, sentMs));
    const { agentId, certificate, natsJwt, notAfterMs, grpcAddress, natsUrl, labels, role } = answer.body;
    const isWhole =
      typeof agentId === "string" &&
      isAgentId(agentId) &&
      typeof certificate === "string" &&
      typeof natsJwt === "string" &&
      typeof notAfterMs === "number" &&
      typeof grpcAddress === "string" &&
      typeof natsUrl === "string";
    if (!isWhole) return failed({ kind: "no-farm", url, what: "its answer to an enrolment is none" });
    const credentials: Credentials = {
      agentId,
      privateKeyPem,
      certificatePem: certificate,
      authorityPem,
      natsSeed,
      natsJwt,
      issuedAtMs: nowMs(),
      notAfterMs,
      farm: { httpUrl: url, ...reachable({ grpcAddress, natsUrl }, target.host) },
      labels: labelsIn(labels),
      role: role === "ephemeral" ? role : "worker",
    };
    const { farmTimeMs, hereMs } = authority;
    return { ok: true, credentials, clockApartMs: farmTimeMs === null ? null : Math.abs(hereMs - farmTimeMs) };
  } catch (cause) {
    const failure = connectionFailure(cause, target);
    if (failure === "foreign") {
      return failed({ kind: "intercepted", host: target.host, issuer, proxy: proxyFor(target.host, env) });
    }
    if (failure !== "clock") return failed(failure);
    return failed({ kind: "clock-skew", hereMs: sentMs, thereMs: authority.farmTimeMs ?? sentMs });
  } finally {
    await agent.destroy();
  }
}

function labelsIn(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  const pairs = Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === "string");
  return Object.fromEntries(pairs);
}

function failed(failure: JoinFailure): { readonly ok: false; readonly failure: JoinFailure } {
  return { ok: false, failure };
}
