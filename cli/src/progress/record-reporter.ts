import type { RunEvent, RunView } from "@kiln/proto";
import type { Context } from "../program/context.ts";
import type { Reporter } from "./reporter.ts";

/**
 * JSON lines: `{"type":"view","run":…}` first and at the end, the farm's own
 * events (`job`, `run`) in between.
 */
export class RecordReporter implements Reporter {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  view(view: RunView): void {
    this.#context.out.record({ type: "view", run: view });
  }

  event(event: RunEvent): void {
    this.#context.out.record(event);
  }

  broken(why: string): void {
    this.#context.out.note(`The connection to the farm broke (${why}); trying again.`);
  }

  close(): void {}
}
