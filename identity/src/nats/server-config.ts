import { farmIdentityFiles, type FarmIdentity } from "../farm/farm-identity.ts";

/**
 * The part of a nats-server's configuration that says whom it trusts: TLS with
 * the farm's certificate, users by JWT. Accounts are kept in `resolverFolder`,
 * which the server makes; a newer JWT of an account that is pushed there
 * replaces what stands here. For nats-server 2.9 and later.
 */
export function natsServerSecurity(identity: FarmIdentity, options: { readonly resolverFolder: string }): string {
  const { server } = farmIdentityFiles(identity.folder);
  const { operator, systemAccount, account } = identity.nats;
  return [
    `tls { cert_file: ${quoted(server)}, key_file: ${quoted(server)}, timeout: 5 }`,
    `operator: ${operator.jwt}`,
    `system_account: ${systemAccount.publicKey}`,
    `resolver { type: full, dir: ${quoted(options.resolverFolder)}, allow_delete: false, interval: "2m" }`,
    "resolver_preload {",
    `  ${systemAccount.publicKey}: ${systemAccount.jwt}`,
    `  ${account.publicKey}: ${account.jwt}`,
    "}",
    "",
  ].join("\n");
}

/** As nats-server reads strings: escapes as in JSON. */
function quoted(path: string): string {
  return JSON.stringify(path);
}
