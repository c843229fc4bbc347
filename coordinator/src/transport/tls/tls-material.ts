/** PEM. */
export interface TlsMaterial {
  /** The authority whose certificates clients may show. */
  readonly authorityPem: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/**
 * For a server, and for one that runs when its certificate is renewed. Clients are asked for a certificate, and node
 * says of each connection whether it is of the authority (`authorized`): what that means is the server's to decide.
 */
export function tlsOptions({ authorityPem, certificatePem, privateKeyPem }: TlsMaterial) {
  return {
    ...{ ca: authorityPem, cert: certificatePem, key: privateKeyPem },
    ...{ requestCert: true, rejectUnauthorized: false, minVersion: "TLSv1.2" as const },
  };
}
