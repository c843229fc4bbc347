import { usageError } from "../../program/cli-error.ts";

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const TIME_MS_MAX = 3_650 * 86_400_000;

/** "30m", "12h", "7d" in milliseconds. Throws a usage error that names the option. */
export function parseTime(option: string, text: string): number {
  const [, number, unit = ""] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const ms = Number(number) * (UNITS_MS[unit] ?? Number.NaN);
  if (ms > 0 && ms <= TIME_MS_MAX) return ms;
  throw usageError(`${option} ${text} is not a time like 30m, 12h or 7d, of at most 3650d.`);
}
