import { credentials, type ChannelCredentials } from "@grpc/grpc-js";
import { jwtAuthenticator, type NodeConnectionOptions } from "@nats-io/transport-node";
import { makeCertificateRequest, makeNatsUser, natsInboxPrefix, natsTls } from "@kiln/identity";
import type { Enrolment, NewJoinToken } from "@kiln/proto";

const HEADERS = { "content-type": "application/json" };

/** Where it joins. */
interface JoinedFarm {
  readonly api: { fetch(path: string, init: RequestInit): Promise<Response> };
  readonly natsUrl: string;
}

/** A machine that has joined as any other, and then does as a test likes. */
export interface Stranger {
  readonly agentId: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly grpc: ChannelCredentials;
  readonly nats: NodeConnectionOptions;
}

/** Joins the farm with nothing of the agent's code. */
export async function joinAsStranger(farm: JoinedFarm, name: string): Promise<Stranger> {
  const post = async (path: string, body: object): Promise<unknown> =>
    (await farm.api.fetch(path, { method: "POST", headers: HEADERS, body: JSON.stringify(body) })).json();
  const { token } = (await post("/api/v1/join-tokens", {})) as NewJoinToken;
  const { privateKeyPem, requestPem } = await makeCertificateRequest(name);
  const user = makeNatsUser();
  const enrolment = (await post("/api/v1/enrolments", {
    token,
    name,
    request: requestPem,
    natsPublicKey: user.publicKey,
    nowMs: Date.now(),
  })) as Enrolment;
  const { agentId, certificate, authority, natsJwt } = enrolment;
  return {
    agentId,
    certificatePem: certificate,
    privateKeyPem,
    grpc: credentials.createSsl(Buffer.from(authority), Buffer.from(privateKeyPem), Buffer.from(certificate)),
    nats: {
      servers: farm.natsUrl,
      tls: natsTls(authority, farm.natsUrl),
      authenticator: jwtAuthenticator(natsJwt, new TextEncoder().encode(user.seed)),
      inboxPrefix: natsInboxPrefix(agentId),
      reconnect: false,
    },
  };
}
