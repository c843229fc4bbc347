const UNIT_MS = { h: 3_600_000, m: 60_000, s: 1_000 } as const;

/** Milliseconds of `90s`, `20m`, `2h`, `1h30m`; null when the text is no duration. Units come largest first. */
export function parseDurationMs(text: string): number | null {
  const match = /^(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$/.exec(text);
  if (!match || text === "") return null;
  const [, hours = "0", minutes = "0", seconds = "0"] = match;
  return Number(hours) * UNIT_MS.h + Number(minutes) * UNIT_MS.m + Number(seconds) * UNIT_MS.s;
}

/** What somebody who wrote `30`, `30 min` or `2 hours` may have meant; null when it cannot be told. */
export function suggestDuration(text: string): string | null {
  const match = /^\s*(\d{1,9})\s*([a-z]*)\.?\s*$/i.exec(text);
  if (!match) return null;
  const [, count, word = ""] = match;
  if (word === "") return `${count}s or ${count}m`;
  const unit = /^(h|m|s)/i.exec(word)?.[1]?.toLowerCase();
  return unit === undefined || /^(ms|milli|mon|month)/i.test(word) ? null : `${count}${unit}`;
}
