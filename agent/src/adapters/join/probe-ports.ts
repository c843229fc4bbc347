import { connect as connectTls } from "node:tls";
import { jwtAuthenticator, connect as connectNats } from "@nats-io/transport-node";
import { natsInboxPrefix, natsTls } from "@kiln/identity";
import { joinFailureWords, type JoinFailure, type Words } from "../../domain/join/join-failure.ts";
import type { Credentials } from "../../ports/credentials.ts";
import { codeOf, connectionFailure, type Target } from "./connection-failure.ts";

const PROBE_MS = 5_000;

export interface PortProbe {
  /** "HTTPS", "gRPC", "NATS" */
  readonly name: string;
  /** host:port */
  readonly address: string;
  /** null: it can be reached, and took the credentials. */
  readonly problem: Words | null;
}

/** Tries each port of the farm that an agent uses, with the agent's credentials, all at once. */
export function probePorts(credentials: Credentials): Promise<readonly PortProbe[]> {
  const { httpUrl, grpcAddress, natsUrl } = credentials.farm;
  return Promise.all([
    probe("HTTPS", httpUrl.replace(/^https:\/\//, ""), (target) => shakeHands(target, credentials, "http/1.1")),
    probe("gRPC", grpcAddress, (target) => shakeHands(target, credentials, "h2")),
    probe("NATS", natsUrl.replace(/^[a-z]+:\/\//, ""), () => logIn(credentials)),
  ]);
}

async function probe(name: string, address: string, attempt: (target: Target) => Promise<void>): Promise<PortProbe> {
  const url = new URL(`https://${address}`);
  const target = { host: url.hostname.replace(/^\[|\]$/g, ""), port: url.port === "" ? 443 : Number(url.port) };
  try {
    await attempt(target);
    return { name, address, problem: null };
  } catch (cause) {
    return { name, address, problem: words(name, target, cause) };
  }
}

function words(name: string, target: Target, cause: unknown): Words {
  const { host, port } = target;
  const failure = connectionFailure(cause, target);
  if (failure === "foreign") {
    const intercepted: JoinFailure = { kind: "intercepted", host, issuer: "somebody else", proxy: null };
    return joinFailureWords(intercepted);
  }
  if (failure === "clock") {
    return {
      message: `The farm's certificate is not valid at this machine's time (${codeOf(cause)}).`,
      advice: "Set this machine's clock.",
    };
  }
  if (failure.kind !== "no-answer") return joinFailureWords(failure);
  return {
    message: `The farm's ${name} port cannot be reached at ${host}:${port}: ${failure.how}.`,
    advice: `Open TCP port ${port} of ${host} for this machine, in every firewall between; HTTPS got through to the same farm.`,
  };
}

function shakeHands({ host, port }: Target, credentials: Credentials, protocol: string): Promise<void> {
  const { authorityPem: ca, certificatePem: cert, privateKeyPem: key } = credentials;
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host, port, ca, cert, key, ALPNProtocols: [protocol], servername: nameOf(host) });
    socket.setTimeout(PROBE_MS, () => socket.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })));
    socket.on("secureConnect", () => {
      resolve();
      socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => reject(Object.assign(new Error("closed"), { code: "ECONNRESET" })));
  });
}

/** Server names are names (RFC 6066, 3). */
function nameOf(host: string): string {
  return /^[\d.]+$|:/.test(host) ? "" : host;
}

async function logIn({ agentId, authorityPem, natsJwt, natsSeed, farm }: Credentials): Promise<void> {
  const connection = await connectNats({
    servers: farm.natsUrl,
    tls: natsTls(authorityPem, farm.natsUrl),
    authenticator: jwtAuthenticator(natsJwt, new TextEncoder().encode(natsSeed)),
    inboxPrefix: natsInboxPrefix(agentId),
    reconnect: false,
    timeout: PROBE_MS,
  });
  await connection.close();
}
