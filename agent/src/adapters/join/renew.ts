import { makeCertificateRequest, makeNatsUser } from "@kiln/identity";
import type { Credentials } from "../../ports/credentials.ts";
import type { FarmHttp } from "../../ports/farm-http.ts";
import type { RenewResult } from "../../ports/renewals.ts";
import { connectionFailure } from "./connection-failure.ts";
import { answerFailure, readAnswer } from "./enrolment-answer.ts";
import { targetOf } from "./fetch-authority.ts";

const ANSWER_MS = 30_000;

/** New credentials for new keys, asked for with the certificate that still holds. Never rejects. */
export async function renew(http: FarmHttp, current: Credentials, nowMs: () => number): Promise<RenewResult> {
  const sentMs = nowMs();
  try {
    const { privateKeyPem, requestPem } = await makeCertificateRequest(current.agentId);
    const natsUser = makeNatsUser();
    const response = await http.fetch(`/api/v1/agents/${current.agentId}/renewals`, {
      method: "POST",
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ request: requestPem, natsPublicKey: natsUser.publicKey, nowMs: sentMs }),
    });
    const answer = await readAnswer(response);
    if (answer.status !== 200 && answer.status !== 201) return { ok: false, failure: answerFailure(answer, sentMs) };
    const { certificate, natsJwt, notAfterMs } = answer.body;
    if (typeof certificate !== "string" || typeof natsJwt !== "string" || typeof notAfterMs !== "number") {
      const what = "its answer to a renewal is none";
      return { ok: false, failure: { kind: "no-farm", url: current.farm.httpUrl, what } };
    }
    const fresh = { certificatePem: certificate, natsJwt, notAfterMs, issuedAtMs: nowMs() };
    return { ok: true, credentials: { ...current, ...fresh, privateKeyPem, natsSeed: natsUser.seed } };
  } catch (cause) {
    return { ok: false, failure: failureOf(cause, current, sentMs) };
  }
}

function failureOf(
  cause: unknown,
  { farm }: Credentials,
  nowMs: number,
): Extract<RenewResult, { ok: false }>["failure"] {
  const target = targetOf(farm.httpUrl);
  const failure = connectionFailure(cause, target);
  if (failure === "foreign") return { kind: "intercepted", host: target.host, issuer: "somebody else", proxy: null };
  if (failure === "clock") return { kind: "clock-skew", hereMs: nowMs, thereMs: nowMs };
  return failure;
}
