import type { JobSummary, RunView } from "@kiln/proto";
import { finished, job, runView, running } from "./views.ts";

const CELLS = ["cp39", "cp310", "cp311", "cp312", "cp313", "cp313t"].map((tag) => `${tag}-linux-x86_64`);

/** A run in its middle: passed, failed, active and waiting cells, and one that a lost agent gave back. */
export function sampleJobs(): readonly JobSummary[] {
  const [cp39, cp310, cp311, cp312, cp313, cp313t] = CELLS;
  return [
    finished(`build-${cp39}`, "passed", [300, 4_500]),
    finished(`build-${cp310}`, "passed", [400, 5_000]),
    finished(`build-${cp311}`, "build-failed", [4_600, 6_700], { summary: "The build ended with exit code 1." }),
    running(`build-${cp312}`, 6_900, { attempts: 2 }),
    job(`build-${cp313}`, { state: "assigned", attempts: 1, agentName: "a-machine-with-a-long-name.example.org" }),
    job(`build-${cp313t}`, { summary: "no agent is free" }),
    finished(`test-${cp39}`, "passed", [4_700, 6_000]),
    finished(`test-${cp310}`, "tests-failed", [5_100, 9_000], { summary: "The test command ended with exit code 1." }),
    job(`test-${cp311}`, { state: "finished", outcome: "not-run", summary: "build-cp311-linux-x86_64 did not pass." }),
    job(`test-${cp312}`),
    job(`test-${cp313}`),
    job(`test-${cp313t}`),
  ];
}

const EXCLUDED: RunView["excluded"] = [
  {
    cell: "cp38-linux-x86_64",
    axes: { os: "linux-x86_64", python: "3.8" },
    rule: "requires-python",
    reason: "The candidate requires Python >=3.9, and 3.8 is none of these.",
    source: "pyproject.toml [project]",
    asOf: "",
  },
];

export function sampleRun(changes: Partial<RunView> = {}): RunView {
  return runView(sampleJobs(), { excluded: EXCLUDED, ...changes });
}
