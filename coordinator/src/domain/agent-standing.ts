/** What an operator lets an agent do. */
export type ModeName =
  /** It gets jobs. */
  | "active"
  /** It gets no more, finishes what it has begun, and gives back what it has not. */
  | "draining"
  /** It gets no more, and keeps what it has. */
  | "paused";

export interface AgentMode {
  readonly name: ModeName;
  /** In the operator's words; may be empty. */
  readonly reason: string;
  readonly sinceMs: number;
}

/** A time in which the machine is not to be used. */
export interface MaintenanceWindow {
  /** Unique in its agent. */
  readonly id: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** Whether it comes back every 7 × 24 hours. */
  readonly weekly: boolean;
  /** How long before it the agent gets nothing new. */
  readonly aheadMs: number;
  readonly reason: string;
}

export type HealthName =
  | "good"
  /** It failed once: others go first, until a check finds it well. */
  | "suspect"
  /** It failed a health check: it gets nothing until an operator clears it. */
  | "quarantined";

export interface Health {
  readonly name: HealthName;
  /** What happened; empty when good. */
  readonly reason: string;
  readonly sinceMs: number;
}

/** A version of its software that the agent is to take, once it has no job. */
export interface PendingUpdate {
  readonly version: string;
  /** Since when it is offered. */
  readonly sinceMs: number;
}

/** The agent is out for good: none of its certificates counts. */
export interface Revocation {
  readonly atMs: number;
  /** In the words of whoever revoked it; may be empty. */
  readonly reason: string;
}

/** What is known of an agent apart from whether it is there; kept across restarts of either side. */
export interface AgentStanding {
  readonly mode: AgentMode;
  readonly windows: readonly MaintenanceWindow[];
  readonly health: Health;
  readonly update: PendingUpdate | null;
  readonly revoked: Revocation | null;
}

export const GOOD: Health = { name: "good", reason: "", sinceMs: 0 };
export const NEW_STANDING: AgentStanding = {
  mode: { name: "active", reason: "", sinceMs: 0 },
  windows: [],
  health: GOOD,
  update: null,
  revoked: null,
};
export const WINDOWS_MAX = 20;
const WEEK_MS = 7 * 24 * 3_600_000;

/** What an agent may do at a moment: what the operator said; else it is drained for an update, or for a maintenance window that is near or open. */
export function modeAt({ mode, windows, update }: AgentStanding, nowMs: number): AgentMode {
  if (mode.name !== "active") return mode;
  if (update) return { name: "draining", reason: `to take version ${update.version}`, sinceMs: update.sinceMs };
  for (const window of windows) {
    const open = occurrenceAt(window, nowMs);
    if (!open) continue;
    const what = window.reason === "" ? "maintenance" : `maintenance (${window.reason})`;
    const reason = `${what} from ${isoMinute(open.fromMs)} to ${isoMinute(open.toMs)}`;
    return { name: "draining", reason, sinceMs: open.fromMs - window.aheadMs };
  }
  return mode;
}

/** True when the window will never matter again. */
export function isOver({ toMs, weekly }: MaintenanceWindow, nowMs: number): boolean {
  return !weekly && toMs <= nowMs;
}

/** The occurrence of a window that is open, or so near that nothing new may begin; null when there is none. */
function occurrenceAt(
  { fromMs, toMs, aheadMs, weekly }: MaintenanceWindow,
  nowMs: number,
): { readonly fromMs: number; readonly toMs: number } | null {
  const weeks = weekly ? Math.max(0, Math.floor((nowMs + aheadMs - fromMs) / WEEK_MS)) : 0;
  const shiftMs = weeks * WEEK_MS;
  const isNear = nowMs >= fromMs + shiftMs - aheadMs && nowMs < toMs + shiftMs;
  return isNear ? { fromMs: fromMs + shiftMs, toMs: toMs + shiftMs } : null;
}

/** 2026-11-21 18:30 UTC, without a clock. */
export function isoMinute(atMs: number): string {
  const minutes = Math.floor(atMs / 60_000);
  const [year, month, day] = civilDate(Math.floor(minutes / 1_440));
  const two = (value: number): string => String(value).padStart(2, "0");
  const ofDay = ((minutes % 1_440) + 1_440) % 1_440;
  return `${year}-${two(month)}-${two(day)} ${two(Math.floor(ofDay / 60))}:${two(ofDay % 60)} UTC`;
}

/** The Gregorian date of a count of days since 1970-01-01 (H. Hinnant, chrono-Compatible Low-Level Date Algorithms). */
function civilDate(days: number): readonly [year: number, month: number, day: number] {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day];
}
