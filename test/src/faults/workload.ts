import { createHash } from "node:crypto";
import type { OutcomeName, RunView } from "@kiln/proto";
import { setTimeout as wait } from "node:timers/promises";
import { ApiError, type FarmApi } from "../farm/farm-api.ts";
import type { SeededRandom } from "../farm/seeded-random.ts";
import type { FarmJournal, JobScript } from "./journal.ts";

/** Runs at a time. */
const RUNS_AT_ONCE = 4;
/** Of the logs of a finished run, so many are read again and noted. */
const LOGS_READ = 2;
/** Two jobs of a run for each. */
const PYTHONS_MAX = 4;

interface Kind {
  readonly build: JobScript & { readonly told: string };
  readonly test: JobScript & { readonly told: string };
  readonly retries: number;
  /** Cancelled as soon as one of its jobs runs. */
  readonly isCancelled: boolean;
}

const lines = (count: number, told = `lines ${count}`): Kind["build"] => ({ lines: count, outcome: "passed", told });
const silent = (told: string, outcome: OutcomeName = "passed"): Kind["build"] => ({ lines: 0, outcome, told });

/** Long logs, short jobs, uploads, failures and cancels; budgets that last and budgets that do not. */
const KINDS: readonly Kind[] = [
  { build: lines(20_000), test: lines(20_000), retries: 10, isCancelled: false },
  { build: lines(2_000, "lines 2000 after 200"), test: lines(5_000), retries: 10, isCancelled: false },
  { build: silent("pass after 50"), test: lines(60_000), retries: 2, isCancelled: false },
  {
    build: { lines: null, outcome: "passed", told: "upload 300000" },
    test: silent("pass"),
    retries: 6,
    isCancelled: false,
  },
  { build: silent("pass"), test: silent("fail after 100", "tests-failed"), retries: 10, isCancelled: false },
  { build: lines(100), test: silent("hang", "cancelled"), retries: 3, isCancelled: true },
  { build: lines(30_000), test: lines(100, "lines 100 after 400"), retries: 0, isCancelled: false },
];

/**
 * Keeps the farm busy with runs of the dummy executor until told to stop, and
 * notes what it was promised of them. `onEvent` is called for every event that
 * a watcher sees.
 */
export class Workload {
  readonly #api: FarmApi;
  readonly #journal: FarmJournal;
  readonly #random: SeededRandom;
  readonly #onEvent: () => void;
  readonly #matrix: string;
  #isStopping = false;
  #submitted = 0;

  private constructor(
    api: FarmApi,
    journal: FarmJournal,
    random: SeededRandom,
    onEvent: () => void,
    pythons: readonly string[],
  ) {
    // By name: "available" would mean those of the agents that are online in that moment.
    this.#matrix = `{os: [linux-x86_64], python: [${pythons.map((python) => `"${python}"`).join(", ")}]}`;
    this.#api = api;
    this.#journal = journal;
    this.#random = random;
    this.#onEvent = onEvent;
  }

  /** For the Pythons of the farm's agents, which must be online. */
  static async open(api: FarmApi, journal: FarmJournal, random: SeededRandom, onEvent: () => void): Promise<Workload> {
    const features = (await api.agents()).flatMap(({ pythons }) => pythons.map(({ feature }) => feature));
    const pythons = [...new Set(features)].slice(0, PYTHONS_MAX);
    if (pythons.length === 0) throw new Error("the agents have no Python of their own: install one (python3)");
    return new Workload(api, journal, random, onEvent, pythons);
  }

  /** Resolves once it was told to stop and every run has finished. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: RUNS_AT_ONCE }, () => this.#worker()));
  }

  stop(): void {
    this.#isStopping = true;
  }

  async #worker(): Promise<void> {
    while (!this.#isStopping) {
      const kind = KINDS[this.#random.integer(0, KINDS.length - 1)] as Kind;
      await this.#one(kind, (this.#submitted += 1));
    }
  }

  async #one(kind: Kind, number: number): Promise<void> {
    const sdist = Buffer.from(`source ${number}`);
    const sourceSha256 = sha256(sdist);
    const run = await patiently(() => this.#submit(kind, number, sdist));
    const { retries, build, test, isCancelled } = kind;
    this.#journal.write({ event: "blob-stored", sha256: sourceSha256, sizeBytes: sdist.length });
    this.#journal.write({ event: "run-accepted", run, sourceSha256, retries, build, test, isCancelled });
    await this.#watch(run, isCancelled);
    await this.#readLogs(await this.#api.run(run));
  }

  #submit(kind: Kind, number: number, sdist: Buffer): Promise<string> {
    const { retries, build, test } = kind;
    const spec = `
kiln: 1
matrix: ${this.#matrix}
build: {env: {KILN_DUMMY: "${build.told}"}}
test: {command: "${test.told}"}
retry: {infrastructure: ${retries}}
`;
    return this.#api.submit({
      id: `submission-${number}`,
      spec,
      name: `p${number}`,
      version: "1.0",
      sdist,
      reuse: "never",
    });
  }

  async #watch(run: string, isCancelled: boolean): Promise<void> {
    let toCancel = isCancelled;
    for await (const event of this.#api.events(run)) {
      this.#onEvent();
      if (event.type !== "job") continue;
      const { name, state, outcome } = event.job;
      if (state === "finished" && outcome !== null)
        this.#journal.write({ event: "job-finished", run, job: name, outcome });
      if (toCancel && event.job.kind === "test" && state === "running") {
        toCancel = false;
        await patiently(() => this.#api.cancel(run));
      }
    }
  }

  async #readLogs(view: RunView): Promise<void> {
    for (const { name } of this.#random.shuffle(view.jobs).slice(0, LOGS_READ)) {
      const { history } = await this.#api.job(view.run, name);
      const last = history.at(-1);
      if (!last) continue;
      const log = await this.#api.log(view.run, name, last.attempt);
      const { attempt } = last;
      this.#journal.write({
        event: "log-read",
        run: view.run,
        job: name,
        attempt,
        bytes: log.length,
        sha256: sha256(log),
      });
    }
  }
}

/** What a coordinator says that cannot take anything just now: not ready, or without room. */
const BUSY: ReadonlySet<number> = new Set([503, 507]);
const BUSY_WAIT_MS = 100;
const BUSY_TRIES_MAX = 400;

/** Asks again as long as the coordinator says that it cannot just now; any other refusal is one. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (cause) {
      if (!(cause instanceof ApiError && BUSY.has(cause.status)) || tries === BUSY_TRIES_MAX) throw cause;
      await wait(BUSY_WAIT_MS);
    }
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
