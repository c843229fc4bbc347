import type { RunView } from "@kiln/proto";
import { describe, expect, it } from "vitest";
import { Farm } from "./farm.ts";
import { randomFrom, seedOf } from "./seeded-random.ts";

const KILLS_EACH = 10;
const LINES = 60_000;
const RUNS_AT_ONCE = 2;

const spec = `
kiln: 1
build: {env: {KILN_DUMMY: "lines ${LINES}"}}
test: {command: "lines ${LINES}"}
retry: {infrastructure: 10}
`;

type Victim = "coordinator" | "nats" | "agent";

async function killAndRestart(farm: Farm, victim: Victim): Promise<void> {
  switch (victim) {
    case "coordinator":
      await farm.coordinator.kill();
      return farm.startCoordinator();
    case "nats":
      await farm.nats.kill();
      return farm.startNats();
    case "agent":
      await farm.agent("a1").kill();
      return farm.startAgent("a1");
  }
}

/** What the dummy executor prints for `lines N`. */
function expectedLog(): Buffer {
  return Buffer.from(
    Array.from({ length: LINES }, (_, index) => `line ${String(index + 1).padStart(8, "0")}\n`).join(""),
  );
}

describe("kill -9 in the middle of runs", () => {
  it(`loses nothing and doubles nothing when each part is killed ${KILLS_EACH} times`, async () => {
    const seed = seedOf("KILN_SEED");
    console.log(`seed ${seed} (KILN_SEED=${seed} repeats it)`);
    const random = randomFrom(seed);
    await using farm = await Farm.start({ executor: "dummy", slots: 4, env: { KILN_LEASE_TTL_MS: "5000" } });
    const plan: Victim[] = random.shuffle(
      Array.from({ length: KILLS_EACH }, (): Victim[] => ["coordinator", "nats", "agent"]).flat(),
    );

    const finished: string[] = [];
    let submitted = 0;
    let eventsUntilKill = random.integer(1, 12);
    let killing: Promise<void> = Promise.resolve();
    // Every event that a watcher sees is a moment at which something may be killed.
    const onEvent = (): void => {
      eventsUntilKill -= 1;
      if (eventsUntilKill > 0) return;
      const victim = plan.pop();
      if (victim === undefined) return;
      eventsUntilKill = random.integer(1, 12);
      killing = killing.then(() => killAndRestart(farm, victim));
    };
    const worker = async (): Promise<void> => {
      while (plan.length > 0) {
        submitted += 1;
        const sdist = Buffer.from(`source ${submitted}`);
        const run = await farm.api.submit({ spec, name: "victim", version: "1.0", sdist });
        for await (const _event of farm.api.events(run)) onEvent();
        await killing;
        finished.push(run);
      }
    };
    await Promise.all(Array.from({ length: RUNS_AT_ONCE }, worker));
    await killing;

    expect(plan).toEqual([]);
    const expected = expectedLog();
    let attempts = 0;
    for (const run of finished) {
      const view: RunView = await farm.api.run(run);
      expect({ run, state: view.state, verdict: view.verdict, reason: view.reason }).toMatchObject({
        state: "finished",
        verdict: "pass",
      });
      for (const { name } of view.jobs) {
        const { history, outcome } = await farm.api.job(run, name);
        expect(outcome).toBe("passed");
        expect(history.map((attempt) => attempt.attempt)).toEqual(history.map((_, index) => index + 1));
        expect(history.filter((attempt) => attempt.outcome === "passed")).toHaveLength(1);
        expect(history.slice(0, -1).map((attempt) => attempt.outcome)).toEqual(
          history.slice(0, -1).map(() => "agent-lost"),
        );
        for (const attempt of history) {
          attempts += 1;
          const log = await farm.api.log(run, name, attempt.attempt);
          const what = `${run} ${name} attempt ${attempt.attempt} (${attempt.outcome})`;
          expect(log.length, what).toBe(attempt.logBytes);
          const whole = attempt.outcome === "passed" ? expected : expected.subarray(0, log.length);
          expect(log.equals(whole), `${what}: its log is what was printed`).toBe(true);
        }
      }
    }
    console.log(`${finished.length} runs, ${attempts} attempts, ${KILLS_EACH * 3} kills`);
  });
});
