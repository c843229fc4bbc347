import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { makeCertificateRequest, makeNatsUser, openFarmIdentity, type FarmIdentity } from "@kiln/identity";
import { pino } from "pino";
import { IdentityAuthority } from "../adapters/identity/farm-authority.ts";
import { auditEntry } from "../domain/audit.ts";
import type { Clock } from "../ports/clock.ts";
import { systemClock } from "../ports/clock.ts";
import type { IdentityStore } from "../ports/identity-store.ts";
import type { AuditLog } from "./audit-log.ts";
import { AgentIdentities, type AgentIdentitiesOptions } from "./agent-identities.ts";

// A farm's identity in a folder, and who is an agent of it, with no NATS server to be told.

export interface TestIdentities {
  readonly identity: FarmIdentity;
  readonly identities: AgentIdentities;
  /** The accounts of the farm that NATS servers would have been told. */
  readonly accountsTold: string[];
}

export async function openTestIdentities(
  store: IdentityStore,
  folder: string,
  options: Partial<AgentIdentitiesOptions> & { readonly clock?: Clock } = {},
): Promise<TestIdentities> {
  const { clock = systemClock, ...changed } = options;
  const identity = await openFarmIdentity(join(folder, "identity"), { nowMs: clock.nowMs() });
  const accountsTold: string[] = [];
  const accounts = { update: async (jwt: string) => void accountsTold.push(jwt) };
  const authority = new IdentityAuthority(identity, accounts, changed.lifetimeMs ?? 3_600_000);
  const audit: Pick<AuditLog, "entry"> = { entry: (by, action) => auditEntry(by, action, clock.nowMs()) };
  const identities = await AgentIdentities.open(
    { store, authority, audit, clock, log: pino({ level: "silent" }), randomId: () => randomBytes(4).toString("hex") },
    {
      lifetimeMs: 3_600_000,
      agentsMax: 100,
      addresses: () => ({ grpcAddress: ":8271", natsUrl: "nats://:8272" }),
      ...changed,
    },
  );
  return { identity, identities, accountsTold };
}

/** What a machine sends to join, and the key that it keeps. */
export async function newMachine(token: string, name = "box", nowMs = Date.now()) {
  const { privateKeyPem, requestPem } = await makeCertificateRequest(name);
  const nats = makeNatsUser();
  return { privateKeyPem, nats, body: { token, name, request: requestPem, natsPublicKey: nats.publicKey, nowMs } };
}
