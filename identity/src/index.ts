export { fingerprintOf, makeAuthority, type Authority } from "./certificates/authority.ts";
export {
  agentIdOf,
  issueAgentCertificate,
  issueServerCertificate,
  type IssuedAgentCertificate,
  type ServerCertificate,
} from "./certificates/issue.ts";
export {
  certificateRequestKey,
  makeCertificateRequest,
  type CertificateRequest,
  type RequestKey,
} from "./certificates/request.ts";
export {
  farmIdentityFiles,
  isRenewalDue,
  openFarmIdentity,
  readFarmIdentity,
  renewServerCertificate,
  writeNatsTrust,
  type FarmIdentity,
  type FarmServerCertificate,
} from "./farm/farm-identity.ts";
export { writePrivateFile } from "./farm/private-file.ts";
export { natsTls, type NatsTls } from "./nats/client-options.ts";
export { natsServerSecurity } from "./nats/server-config.ts";
export { makeNatsTrust, revokeNatsUser, type NatsTrust } from "./nats/trust.ts";
export {
  isNatsUserKey,
  makeNatsUser,
  natsAgentJwt,
  natsCoordinator,
  natsCreds,
  natsInboxPrefix,
  natsSystemUser,
  type NatsCredentials,
  type NatsUser,
} from "./nats/users.ts";
export { makeToken, parseToken, tokenDigest, type ParsedToken, type Token, type TokenKind } from "./tokens/token.ts";
