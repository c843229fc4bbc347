export interface CredentialsRequest {
  readonly agentId: string;
  /** PKCS #10 in PEM. */
  readonly requestPem: string;
  /** "U…" */
  readonly natsPublicKey: string;
  readonly nowMs: number;
  readonly lifetimeMs: number;
}

export type IssuedCredentials =
  | {
      readonly ok: true;
      readonly certificatePem: string;
      readonly serial: string;
      readonly natsJwt: string;
      readonly notAfterMs: number;
    }
  /** What is wrong with the request and what to send instead. */
  | { readonly ok: false; readonly message: string };

export type RequestedKey =
  | { readonly ok: true; readonly digest: string }
  | { readonly ok: false; readonly message: string };

/** The farm's own authority: what makes a machine one of its agents, and takes that away. */
export interface FarmAuthority {
  readonly certificatePem: string;
  readonly fingerprint: string;
  /** Which key a request (PKCS #10 in PEM) is for and proves to hold, whoever signed it how often. */
  keyOf(requestPem: string): Promise<RequestedKey>;
  issue(request: CredentialsRequest): Promise<IssuedCredentials>;
  /**
   * No NATS server of the farm takes these users any more: at once, and from
   * when it is reached for one that is away. Resolves when that is durable.
   */
  revokeNatsUsers(publicKeys: readonly string[], nowMs: number): Promise<void>;
}
