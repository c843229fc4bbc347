const DAY_MS = 24 * 60 * 60 * 1000;

/** When a day of the calendar, `2026-02-28`, begins in UTC, as Unix milliseconds; null for what is no day. */
export function dayStartMs(text: string): number | null {
  const parts = /^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})$/u.exec(text)?.groups;
  if (!parts) return null;
  const [year, month, day] = [Number(parts["year"]), Number(parts["month"]), Number(parts["day"])];
  const days = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  if (day < 1 || day > (days[month - 1] ?? 0)) return null;
  const leapDays = (until: number): number => Math.floor(until / 4) - Math.floor(until / 100) + Math.floor(until / 400);
  const before = 365 * (year - 1970) + leapDays(year - 1) - leapDays(1969);
  const inYear = days.slice(0, month - 1).reduce((sum, length) => sum + length, 0) + day - 1;
  return (before + inYear) * DAY_MS;
}

/** When it is over. */
export function dayEndMs(text: string): number | null {
  const start = dayStartMs(text);
  return start === null ? null : start + DAY_MS;
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}
