import type { OutcomeName, RunView } from "@kiln/proto";
import { cellsOf, cellState, type CellState, type RunJobs } from "../cell-state.ts";
import type { Symbols } from "../symbols.ts";
import type { CellMark, GridCell } from "./grid-cell.ts";

type RunCells = RunJobs & Pick<RunView, "excluded" | "reduced">;

/** The grid of a run: what came of every cell, and which were excluded or left out. */
export function gridOfRun(run: RunCells, symbols: Symbols): readonly GridCell[] {
  const axes = new Map(run.cells.map((cell) => [cell.cell, cell.axes]));
  const marks = new Map<string, CellMark>();
  /** Equal states share one object. */
  const shared = (made: CellMark): CellMark => {
    const known = marks.get(made.word);
    if (known === undefined) marks.set(made.word, made);
    return known ?? made;
  };
  const reduced = leftOut(symbols.reduced, "reduced", "reduced", 1);
  const excluded = leftOut(symbols.none, "excluded", "", 0);
  return [
    ...cellsOf(run).map((jobs) => ({
      axes: axes.get(jobs.cell) ?? {},
      state: shared(shown(cellState(jobs), symbols)),
    })),
    ...run.reduced.map((cell) => ({ axes: cell.axes, state: reduced })),
    ...run.excluded.map((cell) => ({ axes: cell.axes, state: excluded })),
  ];
}

function leftOut(mark: string, word: string, short: string, rank: number): CellMark {
  return { mark, word, short, tone: "dim", rank, counted: word };
}

function shown(state: CellState, symbols: Symbols): CellMark {
  switch (state.kind) {
    case "waiting":
      return { mark: symbols.waiting, word: "waiting", short: "wait", tone: "dim", rank: 3, counted: "waiting" };
    case "active": {
      const { phase } = state;
      return {
        mark: symbols.active,
        word: phase,
        short: phase.slice(0, 5),
        tone: "accent",
        rank: 4,
        counted: "active",
      };
    }
    case "passed":
      return { mark: symbols.good, word: "passed", short: "pass", tone: "good", rank: 2, counted: "passed" };
    case "failed": {
      const { outcome } = state;
      return { mark: symbols.bad, word: outcome, short: SHORT[outcome], tone: "bad", rank: 6, counted: "failed" };
    }
    case "ended": {
      const { outcome } = state;
      return { mark: symbols.notRun, word: outcome, short: SHORT[outcome], tone: "warn", rank: 5, counted: "ended" };
    }
  }
}

const SHORT = {
  passed: "pass",
  "build-failed": "build",
  "tests-failed": "test",
  regressed: "slower",
  "timed-out": "time",
  "out-of-resources": "limit",
  "bad-spec": "spec",
  infrastructure: "infra",
  "agent-lost": "lost",
  cancelled: "cancel",
  "not-run": "no run",
} as const satisfies Record<OutcomeName, string>;
