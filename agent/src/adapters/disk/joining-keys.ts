import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeCertificateRequest, makeNatsUser, tokenDigest } from "@kiln/identity";
import { writeDurably } from "./write-durably.ts";

/** What a machine asks to join with: keys that stay here, and the request for a certificate of them. */
export interface JoiningKeys {
  readonly privateKeyPem: string;
  readonly requestPem: string;
  readonly natsSeed: string;
  readonly natsPublicKey: string;
}

const FIELDS = ["privateKeyPem", "requestPem", "natsSeed", "natsPublicKey"] as const;

const fileIn = (home: string): string => join(home, "joining.json");

/**
 * The keys for this token, the same every time until `forgetJoiningKeys`: to the
 * farm, whoever comes again with the same keys is the same machine, so that an
 * answer that was lost uses up no token.
 */
export async function keepJoiningKeys(home: string, token: string, name: string): Promise<JoiningKeys> {
  const digest = tokenDigest(token.trim());
  const kept = readKept(home, digest);
  if (kept) return kept;
  const keys = await makeJoiningKeys(name);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  writeDurably(fileIn(home), `${JSON.stringify({ token: digest, ...keys }, null, 2)}\n`, 0o600);
  return keys;
}

/** The machine has joined, and its credentials are stored. */
export function forgetJoiningKeys(home: string): void {
  rmSync(fileIn(home), { force: true });
}

export async function makeJoiningKeys(name: string): Promise<JoiningKeys> {
  const { privateKeyPem, requestPem } = await makeCertificateRequest(name);
  const { seed, publicKey } = makeNatsUser();
  return { privateKeyPem, requestPem, natsSeed: seed, natsPublicKey: publicKey };
}

/** null: there are none, they are for another token, or are not whole. */
function readKept(home: string, digest: string): JoiningKeys | null {
  let value: Partial<Record<string, unknown>> | null;
  try {
    value = JSON.parse(readFileSync(fileIn(home), "utf8")) as typeof value;
  } catch {
    return null;
  }
  if (value?.["token"] !== digest) return null;
  const { privateKeyPem, requestPem, natsSeed, natsPublicKey } = value;
  const isWhole = FIELDS.every((field) => typeof value[field] === "string");
  return isWhole ? ({ privateKeyPem, requestPem, natsSeed, natsPublicKey } as JoiningKeys) : null;
}
