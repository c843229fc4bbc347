import { createAccount, createOperator, encodeAccount, encodeOperator } from "@nats-io/jwt";
import type { KeyPair } from "@nats-io/jwt";
import { fromSeed } from "@nats-io/nkeys";

/** An account and what signs its users. */
export interface NatsAccount {
  /** "A…" */
  readonly publicKey: string;
  /** "SA…": whoever has it can make users of the account. */
  readonly seed: string;
  readonly jwt: string;
}

/**
 * What the farm's NATS servers trust: an operator, its system account, and one
 * account for the farm. Servers get the JWTs, the coordinator all of it.
 */
export interface NatsTrust {
  readonly operator: { readonly seed: string; readonly jwt: string };
  readonly systemAccount: NatsAccount;
  /** The farm's: coordinator and agents are its users. Its JWT lists who is revoked. */
  readonly account: NatsAccount;
  /** Users that are revoked, by public key: since when, in milliseconds. */
  readonly revokedMs: Readonly<Record<string, number>>;
}

/** The limits of the farm's account: none, because it is the only one. */
const LIMITS = {
  subs: -1,
  data: -1,
  payload: -1,
  imports: -1,
  exports: -1,
  wildcards: true,
  conn: -1,
  leaf: -1,
} as const;
const JETSTREAM_LIMITS = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 } as const;

/** New keys for a farm of that name. */
export async function makeNatsTrust(options: { readonly farm: string }): Promise<NatsTrust> {
  const operatorKeys = createOperator();
  const systemKeys = createAccount();
  const accountKeys = createAccount();
  const operatorJwt = await encodeOperator(`kiln-${options.farm}`, operatorKeys, {
    system_account: systemKeys.getPublicKey(),
  });
  const systemJwt = await encodeAccount("SYS", systemKeys, { limits: { ...LIMITS } }, { signer: operatorKeys });
  return {
    operator: { seed: textOf(operatorKeys.getSeed()), jwt: operatorJwt },
    systemAccount: accountOf(systemKeys, systemJwt),
    account: accountOf(accountKeys, await farmAccountJwt(operatorKeys, accountKeys, {})),
    revokedMs: {},
  };
}

export interface NatsRevocation {
  readonly publicKey: string;
  readonly nowMs: number;
  /** The longest that a user's JWT lives: what was revoked before that has run out and is no longer listed. */
  readonly lifetimeMaxMs: number;
}

/**
 * Trust in which no JWT of the user counts that was made up to now. A server
 * that gets its account's JWT cuts the user's connections.
 */
export async function revokeNatsUser(trust: NatsTrust, revocation: NatsRevocation): Promise<NatsTrust> {
  const { publicKey, nowMs, lifetimeMaxMs } = revocation;
  const still = Object.entries(trust.revokedMs).filter(([, atMs]) => atMs + lifetimeMaxMs > nowMs);
  const revokedMs = { ...Object.fromEntries(still), [publicKey]: nowMs };
  const operatorKeys = keysOf(trust.operator.seed);
  const jwt = await farmAccountJwt(operatorKeys, keysOf(trust.account.seed), revokedMs);
  return { ...trust, account: { ...trust.account, jwt }, revokedMs };
}

/** JWTs count seconds; one that was made in the second of the revocation is revoked with the others. */
function farmAccountJwt(
  operatorKeys: KeyPair,
  accountKeys: KeyPair,
  revokedMs: Readonly<Record<string, number>>,
): Promise<string> {
  const revocations = Object.fromEntries(
    Object.entries(revokedMs).map(([publicKey, atMs]) => [publicKey, Math.floor(atMs / 1000)]),
  );
  const account = { limits: { ...LIMITS, ...JETSTREAM_LIMITS }, revocations };
  return encodeAccount("KILN", accountKeys, account, { signer: operatorKeys });
}

function accountOf(keys: KeyPair, jwt: string): NatsAccount {
  return { publicKey: keys.getPublicKey(), seed: textOf(keys.getSeed()), jwt };
}

/** Throws when the text is no seed. */
export function keysOf(seed: string): KeyPair {
  return fromSeed(new TextEncoder().encode(seed));
}

function textOf(seed: Uint8Array): string {
  return new TextDecoder().decode(seed);
}
