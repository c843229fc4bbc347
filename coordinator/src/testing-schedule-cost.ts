// `kiln bench schedule`: a timer around every decision of the simulation that the tests run, as JSON on standard output.
import { schedule } from "./domain/schedule.ts";
import { mixedFarm, mixedLoad } from "./domain/testing-load.ts";
import { lowerBoundMs, simulate } from "./domain/testing-simulation.ts";

const AGENTS = 1_000;
const [RUNS, JOBS_A_RUN] = [100, 500];
const SEED = 20_261_121;

const agents = mixedFarm(AGENTS);
const runs = mixedLoad(RUNS, JOBS_A_RUN, SEED);
const tookMs: number[] = [];
const { makespanMs } = simulate(agents, runs, (farm, nowMs) => {
  const startedAt = performance.now();
  const decided = schedule(farm, nowMs);
  tookMs.push(performance.now() - startedAt);
  return decided;
});
const overBound = makespanMs / lowerBoundMs(agents, runs);
process.stdout.write(JSON.stringify({ agents: AGENTS, jobs: RUNS * JOBS_A_RUN, overBound, tookMs }));
