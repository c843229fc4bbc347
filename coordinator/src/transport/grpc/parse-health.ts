import { agent as wire } from "@kiln/proto";
import type { HealthCheck, HealthMoment, HealthReport } from "../../domain/health-report.ts";
import { BadMessageError } from "./bad-message.ts";

const CHECKS_MAX = 1_000;
const NAME_CHARS_MAX = 100;
const DETAIL_CHARS_MAX = 2_000;

const MOMENTS: Readonly<Record<wire.HealthMoment, HealthMoment | null>> = {
  [wire.HealthMoment.UNSPECIFIED]: null,
  [wire.HealthMoment.JOIN]: "join",
  [wire.HealthMoment.BEFORE_JOB]: "before-job",
  [wire.HealthMoment.AFTER_JOB]: "after-job",
  [wire.HealthMoment.SCHEDULE]: "schedule",
  [wire.HealthMoment.ASKED]: "asked",
};

const STATUSES: Readonly<Record<wire.HealthCheck_Status, HealthCheck["status"] | null>> = {
  [wire.HealthCheck_Status.UNSPECIFIED]: null,
  [wire.HealthCheck_Status.OK]: "ok",
  [wire.HealthCheck_Status.WARNING]: "warning",
  [wire.HealthCheck_Status.FAILED]: "failed",
  [wire.HealthCheck_Status.NOT_RUN]: "not-run",
};

/** Throws BadMessageError with what is wrong. */
export function parseHealth({ moment, attempt, atUnixMs, checks }: wire.ReportHealthRequest): HealthReport {
  const known = MOMENTS[moment];
  if (!known) throw new BadMessageError(`a health report has the unknown moment ${moment}`);
  if (checks.length > CHECKS_MAX) throw new BadMessageError(`a health report has more than ${CHECKS_MAX} checks`);
  return {
    moment: known,
    attempt: attempt ? { run: attempt.run, job: attempt.job, attempt: attempt.attempt } : null,
    atMs: Number(atUnixMs),
    checks: checks.map(parseCheck),
  };
}

function parseCheck({ name, device, status, detail }: wire.HealthCheck): HealthCheck {
  const known = STATUSES[status];
  if (!known) throw new BadMessageError(`a health check has the unknown status ${status}`);
  return {
    name: text(name, NAME_CHARS_MAX),
    device: text(device, NAME_CHARS_MAX),
    status: known,
    detail: text(detail, DETAIL_CHARS_MAX),
  };
}

function text(value: string, charsMax: number): string {
  return value.slice(0, charsMax).toWellFormed();
}
