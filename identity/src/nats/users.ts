import { encodeUser, fmtCreds, fromPublic, type User } from "@nats-io/jwt";
import { createUser } from "@nats-io/nkeys";
import { keysOf, type NatsTrust } from "./trust.ts";

/** A user's keys; the seed stays where it was made. */
export interface NatsUser {
  /** "SU…" */
  readonly seed: string;
  /** "U…" */
  readonly publicKey: string;
}

/** What a client logs in with. */
export interface NatsCredentials {
  readonly jwt: string;
  readonly seed: string;
}

/** New keys of a user. */
export function makeNatsUser(): NatsUser {
  const keys = createUser();
  return { seed: new TextDecoder().decode(keys.getSeed()), publicKey: keys.getPublicKey() };
}

/** True for the public key of a user; a request's must be asked before it is signed. */
export function isNatsUserKey(text: string): boolean {
  if (!/^U[A-Z2-7]{55}$/.test(text)) return false;
  try {
    fromPublic(text);
    return true;
  } catch {
    return false;
  }
}

export interface NatsAgentUser {
  readonly agentId: string;
  readonly publicKey: string;
  readonly notAfterMs: number;
}

/** Where an agent's client gets answers: no other user may listen there. Without a trailing dot, as clients take it. */
export function natsInboxPrefix(agentId: string): string {
  return `_INBOX_${agentId}`;
}

/** A JWT that allows the agent its own subjects and its own consumer, until it runs out. */
export async function natsAgentJwt(
  trust: NatsTrust,
  { agentId, publicKey, notAfterMs }: NatsAgentUser,
): Promise<string> {
  // Only who issues knows the subjects: what reads certificates and tokens loads faster without the whole contract.
  const { CONSUMERS, SUBJECTS } = await import("@kiln/proto");
  const { stream, durableName } = CONSUMERS.assignments;
  const consumer = `${stream}.${durableName(agentId)}`;
  const user: Partial<User> = {
    pub: {
      allow: [
        SUBJECTS.heartbeat.of(agentId),
        `$JS.API.CONSUMER.INFO.${consumer}`,
        `$JS.API.CONSUMER.MSG.NEXT.${consumer}`,
        `$JS.ACK.${consumer}.>`,
      ],
    },
    sub: { allow: [SUBJECTS.control.of(agentId), `${natsInboxPrefix(agentId)}.>`] },
  };
  const options = { exp: Math.floor(notAfterMs / 1000) };
  return encodeUser(agentId, publicKey, keysOf(trust.account.seed), user, options);
}

/** The coordinator's own user: everything in the farm's account. It makes one whenever it connects. */
export function natsCoordinator(trust: NatsTrust): Promise<NatsCredentials> {
  return ownUser("coordinator", trust.account.seed);
}

/** A user of the system account, who tells servers of revocations. */
export function natsSystemUser(trust: NatsTrust): Promise<NatsCredentials> {
  return ownUser("system", trust.systemAccount.seed);
}

/** The file that NATS clients take ("creds"). */
export function natsCreds(jwt: string, seed: string): string {
  return new TextDecoder().decode(fmtCreds(jwt, keysOf(seed)));
}

async function ownUser(name: string, accountSeed: string): Promise<NatsCredentials> {
  const { seed, publicKey } = makeNatsUser();
  return { seed, jwt: await encodeUser(name, publicKey, keysOf(accountSeed)) };
}
