import type { RunEvent, RunView } from "@kiln/proto";
import type { Context } from "../program/context.ts";
import { line } from "../render/line.ts";
import { oneLine } from "../render/plain-text.ts";
import { renderChange } from "../render/progress-line.ts";
import { candidateTitle, countsText } from "../render/run-header.ts";
import type { Reporter } from "./reporter.ts";

/** A line for each thing that a person needs to know, for output that is no terminal. */
export class PlainReporter implements Reporter {
  readonly #context: Context;
  #began = false;
  #saidBroken = false;

  constructor(context: Context) {
    this.#context = context;
  }

  view(view: RunView): void {
    this.#saidBroken = false;
    if (this.#began) return;
    this.#began = true;
    this.#context.out.lines([
      line(`${view.run}  ${candidateTitle(view.candidate)}  ${view.state}, ${countsText(view.counts)}`),
    ]);
  }

  event(event: RunEvent, before: RunView, after: RunView): void {
    this.#saidBroken = false;
    if (event.type !== "job") return;
    const job = before.jobs.find((each) => each.name === event.job.name) ?? null;
    const text = renderChange(job, event.job, event.atMs - after.submittedAtMs, this.#context.out.symbols);
    if (text !== null) this.#context.out.lines([text]);
  }

  broken(why: string): void {
    if (!this.#saidBroken) this.#context.out.note(`The connection to the farm broke (${oneLine(why)}); trying again.`);
    this.#saidBroken = true;
  }

  close(): void {}
}
