import type { Verdict } from "../domain/outcome.ts";
import type { ExecutionSink } from "../ports/executor.ts";
import type { Spool } from "../ports/spool.ts";
import type { AttemptRecorder } from "./attempt-recorder.ts";
import type { JobTimer } from "./job-timer.ts";

/**
 * What an executor reports to: the recorder, with the job held back, and its
 * time limit paused, while the spool is full.
 */
export function sinkFor(
  recorder: AttemptRecorder,
  spool: Spool,
  timer: JobTimer,
  on: { stepStarted(title: string): void; ended(verdict: Verdict): void },
): ExecutionSink {
  return {
    started: (pythonVersion) => recorder.started(pythonVersion),
    stepStarted: (title) => {
      on.stepStarted(title);
      recorder.stepStarted(title);
    },
    stepFinished: (exitCode, durationMs) => recorder.stepFinished(exitCode, durationMs),
    output: (bytes) => {
      recorder.output(bytes);
      return !spool.isFull;
    },
    drained: (listener) => {
      if (!spool.isFull) return listener();
      timer.pause();
      spool.drained(() => {
        timer.resume();
        listener();
      });
    },
    pauseTime: () => {
      timer.pause();
      return () => timer.resume();
    },
    artifact: (role, blob) => recorder.artifact(role, blob),
    report: (report) => recorder.report(report),
    processGroup: (group) => recorder.processGroup(group),
    stepOutputTail: () => recorder.outputTail(),
    ended: (verdict) => on.ended(verdict),
  };
}
