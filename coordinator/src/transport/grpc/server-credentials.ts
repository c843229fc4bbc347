import { experimental, type ServerCredentials } from "@grpc/grpc-js";

export interface TlsMaterial {
  /** The authority whose certificates are demanded of clients. */
  readonly authorityPem: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

type CaListener = experimental.CaCertificateUpdateListener;
type IdentityListener = experimental.IdentityCertificateUpdateListener;

/**
 * A server's certificate that can be replaced while the server runs: connections
 * that are there go on, new ones see the new certificate.
 */
export class ServerCertificateSource implements experimental.CertificateProvider {
  #material: TlsMaterial;
  readonly #authorities = new Set<CaListener>();
  readonly #identities = new Set<IdentityListener>();

  constructor(material: TlsMaterial) {
    this.#material = material;
  }

  /** Demands a certificate of the authority from every client. */
  credentials(): ServerCredentials {
    return experimental.createCertificateProviderServerCredentials(this, this, true);
  }

  replace(material: TlsMaterial): void {
    this.#material = material;
    for (const listener of this.#authorities) this.#tellAuthority(listener);
    for (const listener of this.#identities) this.#tellIdentity(listener);
  }

  addCaCertificateListener(listener: CaListener): void {
    this.#authorities.add(listener);
    // Not at once: grpc-js hears what it is told only when it has finished adding.
    queueMicrotask(() => this.#tellAuthority(listener));
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.#authorities.delete(listener);
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#identities.add(listener);
    queueMicrotask(() => this.#tellIdentity(listener));
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#identities.delete(listener);
  }

  #tellAuthority(listener: CaListener): void {
    listener({ caCertificate: Buffer.from(this.#material.authorityPem) });
  }

  #tellIdentity(listener: IdentityListener): void {
    const { certificatePem, privateKeyPem } = this.#material;
    listener({ certificate: Buffer.from(certificatePem), privateKey: Buffer.from(privateKeyPem) });
  }
}
