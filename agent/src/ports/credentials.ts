import type { AgentRole } from "@kiln/proto";
import type { Lifetime } from "../domain/renewal-time.ts";

/** Where a farm is reached. */
export interface FarmAddresses {
  /** https://host:port, without a slash at the end. */
  readonly httpUrl: string;
  /** host:port */
  readonly grpcAddress: string;
  /** tls://host:port */
  readonly natsUrl: string;
}

/** By which an agent joins a farm at its start. */
export interface JoinSettings {
  readonly url: string;
  readonly token: string;
  /** Of a farm that starts this agent itself, and may have moved since it joined: KILN_FARM_GRPC and KILN_FARM_NATS. */
  readonly moved: Pick<FarmAddresses, "grpcAddress" | "natsUrl"> | null;
}

/** What makes this machine an agent of a farm: who it is, by which keys, and where the farm is. */
export interface Credentials extends Lifetime {
  readonly agentId: string;
  /** PKCS #8, made on this machine. */
  readonly privateKeyPem: string;
  readonly certificatePem: string;
  /** The certificate of the farm's own authority: nothing else is trusted. */
  readonly authorityPem: string;
  /** Of the NATS user, made on this machine. */
  readonly natsSeed: string;
  readonly natsJwt: string;
  readonly farm: FarmAddresses;
  /** By the token that it joined with. */
  readonly labels: Readonly<Record<string, string>>;
  /** By that token, too: "ephemeral" takes one job and leaves. */
  readonly role: AgentRole;
}

/** The credentials of now; they are replaced while the agent runs. */
export interface CredentialSource {
  current(): Credentials;
  /** Calls after each replacement; the result ends it. */
  watch(replaced: () => void): () => void;
}
