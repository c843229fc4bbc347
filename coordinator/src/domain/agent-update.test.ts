import { expect, test } from "vitest";
import { updateState, withReport, type AgentSoftware } from "./agent-update.ts";

const offered = {
  offer: 7,
  version: "1.1.0",
  sha256: "b".repeat(64),
  sizeBytes: 1,
  offeredAtMs: 1,
  failedBecause: null,
};
const known: AgentSoftware = { agentId: "a", takesUpdates: true, runningSha256: "", offered };
const stateAfter = (report: Parameters<typeof withReport>[1]) => {
  const after = withReport(known, report);
  return after.offered && updateState(after, after.offered);
};

test("an offer waits until its bundle runs, or is said to have failed", () => {
  const report = { takesUpdates: true, runningSha256: "", failed: null };
  expect(stateAfter(report)).toBe("waiting");
  expect(stateAfter({ ...report, runningSha256: offered.sha256 })).toBe("taken");
  expect(stateAfter({ ...report, failed: { offer: 7, reason: "it ended with 1" } })).toBe("failed");
  expect(stateAfter({ ...report, failed: { offer: 6, reason: "an earlier one" } })).toBe("waiting");
});
