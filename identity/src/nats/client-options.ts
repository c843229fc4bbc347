/** For `tls` of a NATS client: it trusts the farm's authority, and a certificate for the URL's host only. */
export interface NatsTls {
  readonly ca: string;
  /**
   * What the server's certificate must be for. The client gives node:tls a
   * name only where the URL has one, and for an address none: node would take
   * any certificate for "localhost" then.
   */
  readonly host: string;
}

/** What a NATS client needs to reach the farm by this URL: `nats://HOST:PORT`, the host an address or a name. */
export function natsTls(authorityPem: string, url: string): NatsTls {
  return { ca: authorityPem, host: new URL(url).hostname.replace(/^\[|\]$/g, "") };
}
