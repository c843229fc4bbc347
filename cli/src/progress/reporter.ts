import type { RunEvent, RunView } from "@kiln/proto";

/** Told of a run as it goes on. */
export interface Reporter {
  /** The run's state, at the beginning and at the end. */
  view(view: RunView): void;
  /** A change; `after` has it already. */
  event(event: RunEvent, before: RunView, after: RunView): void;
  /** The connection to the farm broke. */
  broken(why: string): void;
  /** Called once, however it ends. */
  close(): void;
}

/** Says nothing: for `--json`, where only the end counts. */
export const SILENT_REPORTER: Reporter = { view: () => {}, event: () => {}, broken: () => {}, close: () => {} };
