import { withDevices } from "../domain/device-environment.ts";
import type { JobDevices } from "../domain/job.ts";
import type { Verdict } from "../domain/outcome.ts";
import type { Execution, ExecutionRequest, ExecutionSink, Executor } from "../ports/executor.ts";
import type { Health } from "./health.ts";

/**
 * An executor that shows a job its devices and no others, and looks at their
 * health before it begins and after it has ended. A job does not begin on a
 * device that fails, and ends as `infrastructure` when it failed on one that
 * does. The time of a look is not the job's.
 */
export class DeviceExecutor implements Executor {
  readonly name: Executor["name"];
  readonly kinds: Executor["kinds"];
  readonly #inner: Executor;
  readonly #health: Health;
  readonly #machineHasGpus: () => boolean;

  constructor(inner: Executor, health: Health, machineHasGpus: () => boolean) {
    this.name = inner.name;
    this.kinds = inner.kinds;
    this.#inner = inner;
    this.#health = health;
    this.#machineHasGpus = machineHasGpus;
  }

  start({ ref, job }: ExecutionRequest, sink: ExecutionSink): Execution {
    const request = { ref, job: withDevices(job, this.#machineHasGpus()) };
    if (!job.devices) return this.#inner.start(request, sink);
    const checked = new CheckedJob(this.#inner, this.#health, request, job.devices, sink);
    void checked.perform();
    return { stop: () => checked.stop() };
  }

  clearLeftovers(attempts: Parameters<Executor["clearLeftovers"]>[0]): Promise<void> {
    return this.#inner.clearLeftovers(attempts);
  }
}

class CheckedJob {
  readonly #inner: Executor;
  readonly #health: Health;
  readonly #request: ExecutionRequest;
  readonly #devices: JobDevices;
  readonly #sink: ExecutionSink;
  /** Aborted when the job is stopped before it runs. */
  readonly #stopped = new AbortController();
  #execution: Execution | null = null;

  constructor(inner: Executor, health: Health, request: ExecutionRequest, devices: JobDevices, sink: ExecutionSink) {
    this.#inner = inner;
    this.#health = health;
    this.#request = request;
    this.#devices = devices;
    this.#sink = sink;
  }

  stop(): void {
    this.#stopped.abort();
    this.#execution?.stop();
  }

  async perform(): Promise<void> {
    const { ref } = this.#request;
    const resume = this.#sink.pauseTime();
    const failure = await this.#health.before(ref, this.#devices, this.#stopped.signal);
    resume();
    if (failure !== null || this.#stopped.signal.aborted) {
      this.#health.release(ref);
      this.#sink.ended({ outcome: "infrastructure", summary: failure ?? "it was stopped before it began" });
      return;
    }
    const verdict = await this.#run();
    const resumeAgain = this.#sink.pauseTime();
    // A job that was stopped may have hung because of its device: it is looked at in any case.
    const failureAfter = await this.#health.after(ref, this.#devices, new AbortController().signal);
    resumeAgain();
    this.#sink.ended(failureAfter === null ? verdict : blame(failureAfter, verdict));
  }

  #run(): Promise<Verdict> {
    const { promise, resolve } = Promise.withResolvers<Verdict>();
    this.#execution = this.#inner.start(this.#request, { ...this.#sink, ended: resolve });
    if (this.#stopped.signal.aborted) this.#execution.stop();
    return promise;
  }
}

/** A job that passed has passed; what failed on a bad device says nothing of the candidate. */
function blame(failure: string, verdict: Verdict): Verdict {
  if (verdict.outcome === "passed") return verdict;
  const itself = verdict.summary === "" ? verdict.outcome : `${verdict.outcome}: ${verdict.summary}`;
  return { outcome: "infrastructure", summary: `${failure}; the job itself ended as ${itself}`, isOfDevice: true };
}
