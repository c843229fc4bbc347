import { existsSync } from "node:fs";
import { join } from "node:path";
import { randomFrom } from "../farm/seeded-random.ts";
import { AssignmentRecorder } from "./assignment-recorder.ts";
import { checkFarm } from "./checker/check-farm.ts";
import { AGENTS, FaultFarm, type PartName } from "./fault-farm.ts";
import { agentIsOnline, inject, until } from "./inject.ts";
import { FarmJournal } from "./journal.ts";
import { describeFault, faultSchedule, type Fault, type FaultKind } from "./schedule.ts";
import { Workload } from "./workload.ts";

const SLOTS = 6;
/** Events of the farm between two faults of a lane, so that work goes on in between. */
const EVENTS_BETWEEN = { min: 1, max: 6 } as const;
/** Where nothing happens, a lane goes on all the same. */
const QUIET_MS_MAX = 300;
/** For the runs that are under way when the last fault is over. */
const RUNS_END_MS_MAX = 90_000;
/** For every spool, once nothing is broken any more. */
const SETTLE_MS_MAX = 60_000;

export interface StormOptions {
  readonly seed: number;
  readonly faults: number;
  readonly note: (text: string) => void;
}

export interface StormSummary {
  readonly byKind: Readonly<Partial<Record<FaultKind, number>>>;
  readonly runs: number;
  readonly attempts: number;
  /** What the checker found wrong; empty: every invariant holds. */
  readonly problems: readonly string[];
  readonly wallMs: number;
}

/**
 * One farm, faults in three lanes at once while runs go on, and then the
 * independent checker over all that is left. Throws, with the seed and what was
 * done up to then, when the farm does not come back.
 */
export async function storm({ seed, faults, note }: StormOptions): Promise<StormSummary> {
  const startedAt = performance.now();
  const random = randomFrom(seed);
  const lanes = faultSchedule(random, faults);
  await using farm = await FaultFarm.start({ seed, slots: SLOTS });
  const journal = new FarmJournal(join(farm.dir, "logs", "farm.journal"));
  const done: string[] = [];
  const byKind: Partial<Record<FaultKind, number>> = {};
  try {
    const events = new EventBoard();
    const work = await Workload.open(farm.api, journal, random, () => events.happened());
    const begun = (fault: Fault): void => {
      byKind[fault.kind] = (byKind[fault.kind] ?? 0) + 1;
      const line = `${String(Math.round(performance.now() - startedAt)).padStart(7)} ms  ${describeFault(fault)}`;
      done.push(line);
      journal.write({ event: "fault", fault: line });
      note(line);
    };
    await weather(farm, work, events, lanes, seed, begun);
    await settle(farm);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    farm.keep();
    throw new Error(`${message}\nseed ${seed}; faults so far:\n${done.join("\n")}\n${farm.lastLogLines()}`, { cause });
  }
  const { problems, runs, attempts } = checkFarm({
    coordinatorDir: farm.coordinatorDir,
    farmJournal: journal.path,
    agents: AGENTS.map((name) => ({ name, dir: farm.agentDir(name), journal: farm.agentJournal(name) })),
    processesLeft: farm.processesLeft(),
  });
  if (problems.length > 0) farm.keep();
  const wallMs = Math.round(performance.now() - startedAt);
  const told = problems.length === 0 ? [] : [...problems, `seed ${seed}; faults:\n${done.join("\n")}`];
  return { byKind, runs, attempts, problems: told, wallMs };
}

async function weather(
  farm: FaultFarm,
  work: Workload,
  events: EventBoard,
  lanes: readonly (readonly Fault[])[],
  seed: number,
  begun: (fault: Fault) => void,
): Promise<void> {
  await using assignments = await AssignmentRecorder.connect(await farm.natsOptions());
  const working = work.run();
  const passing = Promise.all(
    lanes.map(async (faults, lane) => {
      const random = randomFrom(seed + lane + 1);
      for (const fault of faults) {
        await events.after(random.integer(EVENTS_BETWEEN.min, EVENTS_BETWEEN.max), QUIET_MS_MAX);
        begun(fault);
        await inject(farm, assignments, fault);
      }
    }),
  );
  // A worker that fails ends it all at once; otherwise work goes on until the last fault is over.
  await Promise.race([passing, working.then(() => Promise.reject(new Error("the workload ended too early")))]);
  work.stop();
  const left = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => left.reject(new Error(`runs have not ended ${RUNS_END_MS_MAX / 1_000} s after the last fault`)),
    RUNS_END_MS_MAX,
  );
  await Promise.race([working, left.promise]).finally(() => clearTimeout(timer));
}

/** Everything is acknowledged, and then everything is stopped, as a person would. */
async function settle(farm: FaultFarm): Promise<void> {
  for (const name of AGENTS) {
    await agentIsOnline(farm, name);
    await until(`the spool of ${name} is empty`, async () => farm.spooled(name) === 0, SETTLE_MS_MAX);
  }
  for (const part of [...AGENTS, "coordinator", "nats"] satisfies PartName[]) {
    const status = await farm.end(part, "SIGTERM");
    if (part !== "nats" && status !== 0) throw new Error(`${part} ended with ${status} when it was asked to stop`);
  }
  if (!existsSync(join(farm.coordinatorDir, "kiln.db"))) throw new Error("the coordinator's store is not where it was");
}

/** Lets lanes wait for things to happen. */
class EventBoard {
  #waiting = new Set<() => void>();

  happened(): void {
    for (const tell of this.#waiting) tell();
  }

  /** Resolves after that many events, or after that time without enough of them. */
  after(count: number, quietMs: number): Promise<void> {
    return new Promise((resolve) => {
      let left = count;
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(tell);
        resolve();
      };
      const tell = (): void => {
        left -= 1;
        if (left === 0) end();
      };
      const timer = setTimeout(end, quietMs);
      this.#waiting.add(tell);
    });
  }
}
