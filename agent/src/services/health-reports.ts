import { backoffMs } from "../domain/backoff.ts";
import type { HealthReport } from "../domain/health/health-check.ts";
import type { Clock } from "../ports/clock.ts";
import type { HealthReporter, Look } from "../ports/health.ts";
import type { Log } from "../ports/log.ts";

const BACKOFF = { baseMs: 200, capMs: 10_000 };
/** Reports that may wait for a coordinator that is away. */
const WAITING_MAX = 100;

export interface HealthReportsParts {
  readonly reporter: HealthReporter;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

interface Waiting {
  readonly report: HealthReport;
  readonly look: Look;
  readonly arrived: () => void;
}

/** Sends reports in their order, each until it has arrived. Beyond a hundred, the oldest that tells of no failure goes. */
export class HealthReports {
  readonly #parts: HealthReportsParts;
  readonly #waiting: Waiting[] = [];
  #isSending = false;
  #isStopped = false;
  #wake: (() => void) | null = null;

  constructor(parts: HealthReportsParts) {
    this.#parts = parts;
  }

  /** Resolves when the report has arrived, is refused for good, or was dropped; never rejects. */
  send(report: HealthReport, look: Look): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ report, look, arrived: resolve });
    if (this.#waiting.length > WAITING_MAX) this.#drop();
    void this.#pump();
    return promise;
  }

  /** Idempotent. What waits is not sent. */
  stop(): void {
    this.#isStopped = true;
    this.#wake?.();
    for (const { arrived } of this.#waiting.splice(0)) arrived();
  }

  #drop(): void {
    const harmless = this.#waiting.findIndex(({ report }, at) => at > 0 && !hasFailure(report));
    const [dropped] = this.#waiting.splice(harmless < 0 ? 1 : harmless, 1);
    this.#parts.log.warn({ moment: dropped?.report.moment }, "too many reports of health wait: one is dropped");
    dropped?.arrived();
  }

  async #pump(): Promise<void> {
    if (this.#isSending || this.#isStopped) return;
    this.#isSending = true;
    const { reporter, log, random } = this.#parts;
    for (let failures = 0, head = this.#waiting[0]; head && !this.#isStopped; head = this.#waiting[0]) {
      const result = await reporter.reportHealth(head.report);
      if (result.ok || result.isFinal) {
        failures = 0;
        if (this.#waiting[0] === head) this.#waiting.shift();
        if (result.ok) head.look.settle();
        else log.warn({ reason: result.message }, "the coordinator refused a report of health");
        head.arrived();
      } else {
        log.warn({ reason: result.message }, "a report of health could not be sent yet");
        await this.#pause(backoffMs(++failures, random(), BACKOFF));
      }
    }
    this.#isSending = false;
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(delayMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

function hasFailure({ checks }: HealthReport): boolean {
  return checks.some(({ status }) => status === "failed");
}
