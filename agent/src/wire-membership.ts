import type { CredentialFolder } from "./adapters/disk/credential-folder.ts";
import type { LiveCredentials } from "./adapters/farm/live-credentials.ts";
import { leaveFarm } from "./adapters/join/leave-farm.ts";
import { renew } from "./adapters/join/renew.ts";
import type { SecretBook } from "./domain/redaction/secret-book.ts";
import type { Clock } from "./ports/clock.ts";
import type { FarmHttp } from "./ports/farm-http.ts";
import type { Log } from "./ports/log.ts";
import { credentialSecrets } from "./read-secrets.ts";
import { Renewal } from "./services/renewal.ts";
import type { AgentIds } from "./services/results-stream.ts";

/** How long an ephemeral agent tries to tell the farm that it leaves. */
const LEAVE_MS = 60_000;

/** The agent on its farm. */
export interface OnFarm extends AgentIds {
  readonly http: FarmHttp;
  readonly credentials: LiveCredentials;
  readonly folder: CredentialFolder;
}

/** Why an agent ends by itself. */
export interface AgentEnd {
  /**
   * "shut-out": the farm will have nothing more of it; "left": it has had its only
   * job; "updated": another version is to be started in its place.
   */
  readonly kind: "shut-out" | "left" | "updated";
  /** A sentence. */
  readonly reason: string;
}

export interface Membership {
  readonly renewal: Renewal;
  /** Resolves when the agent has to end. */
  readonly ended: Promise<AgentEnd>;
  /** The farm will have nothing more of this agent. */
  shutOut(reason: string): void;
  /** Another version is to be started in this one's place. */
  restart(): void;
  /** The agent is done: it leaves the farm, and ends. Once. */
  leave(): Promise<void>;
}

/** Staying an agent of the farm: new credentials in time, and the ways in which it ends. */
export function wireMembership(
  { agentId, http, credentials, folder }: OnFarm,
  common: {
    readonly clock: Clock;
    readonly log: Log;
    readonly random: () => number;
    readonly secrets: SecretBook;
  },
  /** The credentials are replaced. */
  renewed: () => void,
): Membership {
  const { clock, log, secrets } = common;
  const { promise: ended, resolve: end } = Promise.withResolvers<AgentEnd>();
  const shutOut = (reason: string): void => end({ kind: "shut-out", reason });
  let isLeaving = false;
  const leave = async (): Promise<void> => {
    if (isLeaving) return;
    isLeaving = true;
    const left = await leaveFarm(http, agentId, AbortSignal.timeout(LEAVE_MS), common);
    if (left.ok) folder.remove();
    else log.warn({ reason: left.message }, "the farm was not told that this agent leaves");
    end({ kind: "left", reason: "it has had its only job" });
  };
  const renewals: ConstructorParameters<typeof Renewal>[0]["renewals"] = {
    renew: (current) => renew(http, current, () => clock.nowMs()),
    keep: (next) => folder.write(next),
  };
  const renewal = new Renewal(
    { credentials, renewals, ...common },
    {
      renewed: (next) => {
        for (const secret of credentialSecrets(next)) secrets.learn(secret);
        credentials.replace(next);
        renewed();
      },
      ended: shutOut,
    },
  );
  const restart = (): void => end({ kind: "updated", reason: "another version is to be started" });
  return { renewal, ended, shutOut, restart, leave };
}
