import { describe, expect, it } from "vitest";
import { isOver, modeAt, NEW_STANDING, type MaintenanceWindow } from "./agent-standing.ts";

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;
const FROM_MS = Date.UTC(2026, 1, 28, 23, 30);
const WINDOW: MaintenanceWindow = {
  id: 1,
  fromMs: FROM_MS,
  toMs: FROM_MS + 2 * HOUR_MS,
  weekly: false,
  aheadMs: HOUR_MS,
  reason: "",
};
const at = (nowMs: number, change: Partial<MaintenanceWindow> = {}) =>
  modeAt({ ...NEW_STANDING, windows: [{ ...WINDOW, ...change }] }, nowMs);

describe("a maintenance window", () => {
  it("drains the agent from ahead of it until its end, and says its times", () => {
    expect(at(FROM_MS - HOUR_MS - 1).name).toBe("active");
    expect(at(FROM_MS - HOUR_MS, { reason: "driver" })).toEqual({
      name: "draining",
      reason: "maintenance (driver) from 2026-02-28 23:30 UTC to 2026-03-01 01:30 UTC",
      sinceMs: FROM_MS - HOUR_MS,
    });
    expect([at(FROM_MS).name, at(WINDOW.toMs - 1).name, at(WINDOW.toMs).name]).toEqual([
      "draining",
      "draining",
      "active",
    ]);
    expect([isOver(WINDOW, WINDOW.toMs - 1), isOver(WINDOW, WINDOW.toMs)]).toEqual([false, true]);
  });

  it("comes back every week when it is weekly, and never before its first time", () => {
    for (const weeks of [0, 1, 52]) {
      const shiftMs = weeks * WEEK_MS;
      expect(at(FROM_MS + shiftMs - HOUR_MS - 1, { weekly: true }).name).toBe("active");
      expect(at(FROM_MS + shiftMs, { weekly: true }).name).toBe("draining");
      expect(at(WINDOW.toMs + shiftMs, { weekly: true }).name).toBe("active");
    }
    expect(at(FROM_MS - WEEK_MS, { weekly: true }).name).toBe("active");
    expect(isOver({ ...WINDOW, weekly: true }, FROM_MS + WEEK_MS)).toBe(false);
  });

  it("says nothing against what an operator said", () => {
    const mode = { name: "paused", reason: "mine", sinceMs: 1 } as const;
    expect(modeAt({ ...NEW_STANDING, mode, windows: [WINDOW] }, FROM_MS)).toBe(mode);
  });
});
