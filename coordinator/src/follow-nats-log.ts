import type { Logger } from "pino";
import { LogFollower } from "./adapters/nats/log-follower.ts";
import { readNatsRefusal } from "./adapters/nats/read-refusal.ts";
import type { BusConnections } from "./ports/bus-connections.ts";
import type { Metrics } from "./ports/metrics.ts";
import type { AuditLog } from "./services/audit-log.ts";
import { BusRefusals } from "./services/bus-refusals.ts";

/** Under which name a NATS log is counted that grows faster than it is read. */
export const NATS_LOG_LIMIT_NAME = "nats-log";

/** Takes what NATS refuses from its log into the audit log; says so where there is no log to take it from. */
export async function followNatsLog(
  path: string | null,
  parts: {
    readonly audit: AuditLog;
    readonly connections: BusConnections;
    readonly metrics: Pick<Metrics, "limitReached">;
    readonly log: Logger;
  },
): Promise<AsyncDisposable> {
  const { metrics, log } = parts;
  if (path === null) {
    log.warn("KILN_NATS_LOG names no log of NATS: what NATS itself refuses is in its own log, not in the audit log");
    return { [Symbol.asyncDispose]: async () => {} };
  }
  const refusals = new BusRefusals(parts);
  const follower = new LogFollower(path, {
    onLines: (lines) => refusals.note(lines.map(readNatsRefusal).filter((refusal) => refusal !== null)),
    onPassedOver: () => metrics.limitReached(NATS_LOG_LIMIT_NAME),
    log,
  });
  await follower.start();
  return { [Symbol.asyncDispose]: () => follower.stop() };
}
