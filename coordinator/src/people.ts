import type { FarmIdentity } from "@kiln/identity";
import type { Logger } from "pino";
import { openFileCipher } from "./adapters/secrets/file-cipher.ts";
import type { SqliteStores } from "./adapters/sqlite/store.ts";
import type { CoordinatorConfig } from "./config.ts";
import { systemClock } from "./ports/clock.ts";
import type { Metrics } from "./ports/metrics.ts";
import { ApiTokens } from "./services/api-tokens.ts";
import { AuditLog } from "./services/audit-log.ts";
import type { GroupCommit } from "./services/group-commit.ts";
import { JobSecrets } from "./services/job-secrets.ts";

const DAY_MS = 24 * 3_600_000;
/** Of refusals in the audit log, so many as of everything else. */
const REFUSED_SHARE = 1 / 10;

export interface People {
  readonly audit: AuditLog;
  readonly apiTokens: ApiTokens;
  readonly secrets: JobSecrets;
}

/** Who may use the farm, what they did, and the secrets that they keep there. What has to end with the farm is on the stack. */
export async function openPeople(
  stack: AsyncDisposableStack,
  config: CoordinatorConfig,
  parts: {
    readonly identity: Pick<FarmIdentity, "fingerprint">;
    readonly store: SqliteStores;
    readonly commits: GroupCommit;
    readonly metrics: Metrics;
    readonly log: Logger;
  },
): Promise<People> {
  const { identity, store, commits, metrics, log } = parts;
  const clock = systemClock;
  const { auditDays, auditRowsMax } = config;
  const audit = new AuditLog(
    { commits, store: store.audit, clock, metrics, log: log.child({ part: "audit" }) },
    {
      ageMaxMs: auditDays === 0 ? null : auditDays * DAY_MS,
      rowsMax: auditRowsMax,
      refusedRowsMax: Math.floor(auditRowsMax * REFUSED_SHARE),
    },
  );
  audit.start();
  stack.defer(() => audit.stop());
  const tokens = {
    store: store.apiTokens,
    audit,
    fingerprint: identity.fingerprint,
    clock,
    log: log.child({ part: "tokens" }),
  };
  const isEmpty = (await store.jobSecrets.list()).length === 0;
  const cipher = openFileCipher(config.secretsKeyFile, isEmpty);
  // A farm whose key cannot be used goes on; what needs it says why.
  if (!cipher.ok) log.error({ detail: cipher.detail }, "secrets for jobs cannot be had");
  return {
    audit,
    apiTokens: await ApiTokens.open(tokens),
    secrets: await JobSecrets.open({ store: store.jobSecrets, audit, cipher, clock }),
  };
}
