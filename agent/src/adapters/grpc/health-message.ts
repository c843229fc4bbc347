import { create } from "@bufbuild/protobuf";
import { agent as wire } from "@kiln/proto";
import type { HealthCheck, HealthMoment, HealthReport } from "../../domain/health/health-check.ts";

const MOMENTS: Record<HealthMoment, wire.HealthMoment> = {
  join: wire.HealthMoment.JOIN,
  "before-job": wire.HealthMoment.BEFORE_JOB,
  "after-job": wire.HealthMoment.AFTER_JOB,
  schedule: wire.HealthMoment.SCHEDULE,
  asked: wire.HealthMoment.ASKED,
};

const STATUSES: Record<HealthCheck["status"], wire.HealthCheck_Status> = {
  ok: wire.HealthCheck_Status.OK,
  warning: wire.HealthCheck_Status.WARNING,
  failed: wire.HealthCheck_Status.FAILED,
  "not-run": wire.HealthCheck_Status.NOT_RUN,
};

/** A report of health as its message. */
export function healthMessage(
  { moment, attempt, atMs, checks }: HealthReport,
  ids: { readonly agentId: string; readonly sessionId: string },
): wire.ReportHealthRequest {
  return create(wire.ReportHealthRequestSchema, {
    ...ids,
    moment: MOMENTS[moment],
    ...(attempt ? { attempt } : {}),
    atUnixMs: BigInt(atMs),
    checks: checks.map((check) => ({ ...check, status: STATUSES[check.status] })),
  });
}
