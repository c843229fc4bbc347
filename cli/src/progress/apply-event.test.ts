import { expect, test } from "vitest";
import { finished, job, jobEvent, running, runView } from "../testing/views.ts";
import { applyEvent } from "./apply-event.ts";

const BUILD = "build-cp312-linux-x86_64";
const TEST = "test-cp312-linux-x86_64";

test("a job's event replaces the job by its name, and the counts follow", () => {
  const view = runView([running(BUILD, 0), job(TEST)]);
  const after = applyEvent(view, jobEvent(11, finished(BUILD, "build-failed", [0, 5])));
  expect(after.jobs.map((each) => each.outcome)).toEqual(["build-failed", null]);
  expect(after.counts).toEqual({ total: 2, waiting: 1, active: 0, passed: 0, failed: 1, notRun: 0 });
  expect(after.lastEventId).toBe(11);
  expect(view.jobs[0]?.outcome).toBeNull();
});

test("a run's event brings its own facts and leaves the jobs", () => {
  const view = runView([running(BUILD, 0)]);
  const end = { ...view, state: "finished" as const, verdict: "pass" as const, reason: "all passed" };
  const after = applyEvent(view, { type: "run", id: 12, atMs: 0, run: end });
  expect(after).toMatchObject({ state: "finished", verdict: "pass", lastEventId: 12 });
  expect(after.jobs).toHaveLength(1);
});
