import { usageError } from "../../program/cli-error.ts";

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const EXPIRY_MS_MAX = 365 * 86_400_000;
const LABELS_MAX = 32;

/** "30m", "12h", "7d" in milliseconds. Throws a usage error. */
export function parseExpiry(text: string): number {
  const [, number, unit = ""] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const ms = Number(number) * (UNITS_MS[unit] ?? NaN);
  if (ms > 0 && ms <= EXPIRY_MS_MAX) return ms;
  throw usageError(`--expires ${text} is not a time like 30m, 12h or 7d, of at most 365d.`);
}

/** The farm's own rules (package proto, Labels). Throws a usage error. */
export function parseLabelOptions(pairs: readonly string[]): Record<string, string> {
  const labels = new Map<string, string>();
  for (const pair of pairs) {
    const [, key, value] = /^([a-z0-9][a-z0-9._-]{0,62})=([\x21-\x2b\x2d-\x7e]{1,63})$/.exec(pair) ?? [];
    if (key === undefined || value === undefined) {
      throw usageError(
        `--label ${pair} is not key=value.`,
        "A key has a-z, 0-9, '.', '_' and '-'; a value up to 63 printable characters without spaces and commas.",
      );
    }
    labels.set(key, value);
  }
  if (labels.size > LABELS_MAX) throw usageError(`${labels.size} labels are too many: ${LABELS_MAX} at most.`);
  return Object.fromEntries(labels);
}

/** Whether only this machine reaches the address. */
export function isLoopback(url: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);
}
