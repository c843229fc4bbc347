import { X509Certificate } from "node:crypto";
import { request as httpsRequest } from "node:https";
import type { TLSSocket } from "node:tls";
import { fingerprintOf } from "@kiln/identity";
import type { JoinFailure } from "../../domain/join/join-failure.ts";
import { proxyFor } from "../../domain/join/proxy-variables.ts";
import { connectionFailure, type Target } from "./connection-failure.ts";

const ANSWER_MS = 10_000;
const AUTHORITY_BYTES_MAX = 64 * 1024;

export interface FarmAuthority {
  readonly authorityPem: string;
  /** The farm's clock by its Date header, to the second; null when it sent none. */
  readonly farmTimeMs: number | null;
  /** This machine's clock when that came. */
  readonly hereMs: number;
  /** Who signed the certificate of what answered: for people. */
  readonly issuer: string;
}

export type AuthorityResult =
  | { readonly ok: true; readonly authority: FarmAuthority }
  | { readonly ok: false; readonly failure: JoinFailure };

/**
 * Asks an address for its farm's authority, and believes the answer only when
 * it has the fingerprint that the token carries. Until then nothing is trusted,
 * and nothing is sent.
 */
export async function fetchAuthority(
  url: string,
  fingerprint: string,
  { env, nowMs }: { readonly env: Readonly<Record<string, string | undefined>>; readonly nowMs: () => number },
): Promise<AuthorityResult> {
  const target = targetOf(url);
  let answer: Answer;
  try {
    answer = await ask(new URL("/ca.pem", url));
  } catch (cause) {
    const failure = connectionFailure(cause, target);
    if (typeof failure !== "string") return { ok: false, failure };
    throw cause;
  }
  const { issuer, farmTimeMs } = answer;
  const hereMs = nowMs();
  const found = answer.status === 200 ? fingerprintIn(answer.text) : null;
  if (found === fingerprint) return { ok: true, authority: { authorityPem: answer.text, farmTimeMs, hereMs, issuer } };
  if (found !== null) return { ok: false, failure: { kind: "another-farm", expected: fingerprint, found } };
  const proxy = proxyFor(target.host, env);
  if (answer.status === 407 || /proxy|gateway|inspection|zscaler|firewall/i.test(issuer)) {
    return { ok: false, failure: { kind: "intercepted", host: target.host, issuer, proxy } };
  }
  const what = `it gave no /ca.pem (HTTP ${answer.status}), and its certificate is from "${issuer}"`;
  return { ok: false, failure: { kind: "no-farm", url, what } };
}

/** Host and port of a farm's address. */
export function targetOf(url: string): Target {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? 443 : Number(port) };
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly issuer: string;
  readonly farmTimeMs: number | null;
}

function ask(url: URL): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // The answer is checked by its fingerprint; whoever signed this certificate does not matter yet.
    const request = httpsRequest(url, { rejectUnauthorized: false, agent: false, timeout: ANSWER_MS });
    request.on("timeout", () => request.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })));
    request.on("error", reject);
    request.on("response", (response) => {
      const issuer = issuerOf(response.socket as TLSSocket);
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= AUTHORITY_BYTES_MAX) chunks.push(chunk);
        else request.destroy(new Error("the answer is too long for a certificate"));
      });
      response.on("error", reject);
      response.on("end", () => {
        const date = Date.parse(response.headers.date ?? "");
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString("utf8"),
          issuer,
          farmTimeMs: Number.isNaN(date) ? null : date,
        });
      });
    });
    request.end();
  });
}

function issuerOf(socket: TLSSocket): string {
  const { issuer } = socket.getPeerCertificate();
  // Some nodes give an empty object where there is no certificate.
  const names = issuer as Partial<typeof issuer> | undefined;
  const first = (name: string | readonly string[] | undefined): string | undefined =>
    typeof name === "string" ? name : name?.[0];
  return (first(names?.CN) ?? first(names?.O) ?? "nobody").slice(0, 200);
}

/** null when the text is no certificate. */
function fingerprintIn(text: string): string | null {
  try {
    // One certificate and nothing else: what is trusted later is this very text.
    return text.trim() === new X509Certificate(text).toString().trim() ? fingerprintOf(text) : null;
  } catch {
    return null;
  }
}
