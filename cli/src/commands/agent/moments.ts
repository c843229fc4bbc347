import { usageError } from "../../program/cli-error.ts";

const SPAN_UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A date and time of this machine's clock, or with its own offset, in Unix milliseconds. Throws a usage error. */
export function parseMoment(option: string, text: string): number {
  const isMoment = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?$/.test(text);
  const atMs = isMoment ? Date.parse(text) : Number.NaN;
  if (atMs >= 0) return atMs;
  throw usageError(`${option} ${text} is not a time like 2026-12-01T18:00 or 2026-12-01T18:00Z.`);
}

/** "45m", "2h", "1d" in milliseconds. Throws a usage error. */
export function parseSpan(option: string, text: string): number {
  const [, number, unit = ""] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const ms = Number(number) * (SPAN_UNITS_MS[unit] ?? Number.NaN);
  if (ms >= 0) return ms;
  throw usageError(`${option} ${text} is not a time like 45m, 2h or 1d.`);
}
