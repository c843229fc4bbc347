import { join } from "node:path";
import {
  issueAgentCertificate,
  makeCertificateRequest,
  makeNatsUser,
  makeToken,
  natsAgentJwt,
  openFarmIdentity,
  type FarmIdentity,
} from "@kiln/identity";
import type { Credentials, FarmAddresses } from "../ports/credentials.ts";

const DAY_MS = 86_400_000;

/** A farm's identity, and what it issues to agents. */
export class FakeIdentity {
  readonly identity: FarmIdentity;
  /** Of what is issued from now on. */
  lifetimeMs = DAY_MS;

  private constructor(identity: FarmIdentity) {
    this.identity = identity;
  }

  static async make(folder: string): Promise<FakeIdentity> {
    return new FakeIdentity(await openFarmIdentity(join(folder, "identity"), { nowMs: Date.now() }));
  }

  get token(): string {
    return makeToken("join", this.identity.fingerprint);
  }

  /** The part of the farm's answer to an enrolment or a renewal that is the agent's own. */
  async issue(
    agentId: string,
    asked: { readonly request: string; readonly natsPublicKey: string },
  ): Promise<{ readonly certificate: string; readonly natsJwt: string; readonly notAfterMs: number }> {
    const nowMs = Date.now();
    const options = { requestPem: asked.request, agentId, nowMs, lifetimeMs: this.lifetimeMs };
    const issued = await issueAgentCertificate(this.identity.authority, options);
    if (!issued.ok) throw new Error(issued.message);
    const { certificatePem: certificate, notAfterMs } = issued;
    const user = { agentId, publicKey: asked.natsPublicKey, notAfterMs };
    return { certificate, notAfterMs, natsJwt: await natsAgentJwt(this.identity.nats, user) };
  }

  /** Credentials as an agent has them that joined. */
  async credentials(agentId: string, farm: FarmAddresses): Promise<Credentials> {
    const { privateKeyPem, requestPem } = await makeCertificateRequest(agentId);
    const user = makeNatsUser();
    const issuedAtMs = Date.now();
    const issued = await this.issue(agentId, { request: requestPem, natsPublicKey: user.publicKey });
    return {
      agentId,
      privateKeyPem,
      certificatePem: issued.certificate,
      authorityPem: this.identity.authority.certificatePem,
      natsSeed: user.seed,
      natsJwt: issued.natsJwt,
      issuedAtMs,
      notAfterMs: issued.notAfterMs,
      farm,
      labels: {},
      role: "worker",
    };
  }
}
