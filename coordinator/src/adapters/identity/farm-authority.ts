import {
  certificateRequestKey,
  isNatsUserKey,
  issueAgentCertificate,
  natsAgentJwt,
  revokeNatsUser,
  writeNatsTrust,
  type FarmIdentity,
  type NatsTrust,
} from "@kiln/identity";
import type { CredentialsRequest, FarmAuthority, IssuedCredentials, RequestedKey } from "../../ports/farm-authority.ts";

/** Servers that hold accounts: told when the farm's changes. */
export interface NatsAccounts {
  /** The account's JWT from now on, now and whenever a server comes back. */
  update(accountJwt: string): Promise<void>;
}

/** Signs with the keys of the farm's identity, and keeps there who is revoked. */
export class IdentityAuthority implements FarmAuthority {
  readonly certificatePem: string;
  readonly fingerprint: string;
  readonly #identity: FarmIdentity;
  readonly #accounts: NatsAccounts;
  readonly #lifetimeMaxMs: number;
  #trust: NatsTrust;
  #revoking: Promise<void> = Promise.resolve();

  /** `lifetimeMaxMs`: the longest that issued credentials last. */
  constructor(identity: FarmIdentity, accounts: NatsAccounts, lifetimeMaxMs: number) {
    this.certificatePem = identity.authority.certificatePem;
    this.fingerprint = identity.fingerprint;
    this.#identity = identity;
    this.#accounts = accounts;
    this.#lifetimeMaxMs = lifetimeMaxMs;
    this.#trust = identity.nats;
  }

  keyOf(requestPem: string): Promise<RequestedKey> {
    return certificateRequestKey(requestPem);
  }

  async issue(request: CredentialsRequest): Promise<IssuedCredentials> {
    const { agentId, requestPem, natsPublicKey, nowMs, lifetimeMs } = request;
    if (!isNatsUserKey(natsPublicKey)) {
      return {
        ok: false,
        message: "natsPublicKey is not the public key of a NATS user: 56 characters that begin with U",
      };
    }
    const issued = await issueAgentCertificate(this.#identity.authority, { requestPem, agentId, nowMs, lifetimeMs });
    if (!issued.ok) return issued;
    const { notAfterMs } = issued;
    const natsJwt = await natsAgentJwt(this.#identity.nats, { agentId, publicKey: natsPublicKey, notAfterMs });
    return { ...issued, natsJwt };
  }

  /** One after another: each adds to what the one before has written. */
  revokeNatsUsers(publicKeys: readonly string[], nowMs: number): Promise<void> {
    const revoked = this.#revoking.then(() => this.#revoke(publicKeys, nowMs));
    this.#revoking = revoked.catch(() => undefined);
    return revoked;
  }

  async #revoke(publicKeys: readonly string[], nowMs: number): Promise<void> {
    let trust = this.#trust;
    for (const publicKey of publicKeys) {
      if (Object.hasOwn(trust.revokedMs, publicKey)) continue;
      trust = await revokeNatsUser(trust, { publicKey, nowMs, lifetimeMaxMs: this.#lifetimeMaxMs });
    }
    if (trust === this.#trust) return;
    writeNatsTrust(this.#identity.folder, trust);
    this.#trust = trust;
    await this.#accounts.update(trust.account.jwt);
  }
}
