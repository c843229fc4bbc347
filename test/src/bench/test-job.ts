import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { RunView } from "@kiln/proto";
import { tarOfPureProject } from "../farm/pure-project.ts";
import type { Farm } from "../farm/farm.ts";

const run = promisify(execFile);
const TESTS = `import demo
import pytest

@pytest.mark.parametrize("number", range(200))
def test_answer(number):
    assert demo.ANSWER == 42
`;

/** Milliseconds. */
export interface TestJobRound {
  /** From the start to the recorded end of the farm's test job. */
  readonly jobMs: number;
  /** Of it, by the titles of the steps; the rest is between them. */
  readonly steps: ReadonlyMap<string, number>;
  /** By hand: a fresh environment, `pip install` of the same file and of pytest, pytest. */
  readonly plain: { readonly environmentMs: number; readonly installMs: number; readonly testMs: number };
}

/** The same wheel tested with the same tests: by a job of a farm, and by hand. */
export class TestJobBench {
  readonly #farm: Farm;
  readonly #python: { readonly feature: string; readonly path: string };
  #rounds = 0;

  private constructor(farm: Farm, python: { readonly feature: string; readonly path: string }) {
    this.#farm = farm;
    this.#python = python;
  }

  /** On the newest Python of the farm's agent. */
  static async open(farm: Farm): Promise<TestJobBench> {
    const minor = (feature: string): number => Number(feature.split(".")[1]);
    const pythons = (await farm.api.agents()).flatMap((agent) => agent.pythons);
    const [newest] = pythons
      .filter(({ feature }) => !feature.endsWith("t"))
      .sort((a, b) => minor(b.feature) - minor(a.feature));
    if (!newest) throw new Error("the agent has no Python");
    return new TestJobBench(farm, newest);
  }

  get python(): string {
    return this.#python.feature;
  }

  async round(): Promise<TestJobRound> {
    this.#rounds += 1;
    // Other bytes each time: nothing of an earlier round is taken for this one.
    const sdist = tarOfPureProject({ "tests/test_demo.py": TESTS, "round.txt": `${this.#rounds}\n` });
    const spec = `
matrix: {os: available, python: ["${this.#python.feature}"]}
build: {wheel: pure}
test: {requires: [pytest], files: [tests], command: python -m pytest -q tests}
`;
    const { api } = this.#farm;
    const view = await api.finished(await api.submit({ spec, name: "demo", version: "1.0", sdist }));
    const job = view.jobs.find(({ kind }) => kind === "test");
    const history = job ? (await api.job(view.run, job.name)).history : [];
    const [attempt] = history;
    if (view.verdict !== "pass" || history.length !== 1 || !attempt) throw new Error(`${view.run}: ${view.reason}`);
    const jobMs = (attempt.finishedAtMs ?? 0) - (attempt.startedAtMs ?? 0);
    const steps = new Map(attempt.steps.map(({ title, durationMs }) => [title, durationMs ?? 0]));
    return { jobMs, steps, plain: await this.#byHand(await this.#wheelOf(view)) };
  }

  async #wheelOf(view: RunView): Promise<string> {
    const build = view.jobs.find(({ kind }) => kind === "build")?.name ?? "";
    const { history } = await this.#farm.api.job(view.run, build);
    const blob = history.at(-1)?.artifacts.find(({ role }) => role === "wheel")?.blob;
    if (!blob) throw new Error(`${view.run} has no wheel`);
    const path = join(mkdtempSync(join(this.#farm.dir, "wheel-")), blob.filename);
    writeFileSync(path, Buffer.from(await (await this.#farm.api.fetch(`/api/v1/blobs/${blob.sha256}`)).arrayBuffer()));
    return path;
  }

  async #byHand(wheel: string): Promise<TestJobRound["plain"]> {
    const folder = mkdtempSync(join(this.#farm.dir, "plain-"));
    const place = join(folder, "test");
    mkdirSync(join(place, "tests"), { recursive: true });
    writeFileSync(join(place, "tests", "test_demo.py"), TESTS);
    const timed = async (program: string, args: readonly string[]): Promise<number> => {
      const startedMs = performance.now();
      await run(program, [...args], { cwd: place, maxBuffer: 16 * 1024 * 1024 });
      return performance.now() - startedMs;
    };
    const python = join(folder, "env", "bin", "python");
    const environmentMs = await timed(this.#python.path, ["-m", "venv", join(folder, "env")]);
    const installMs = await timed(python, ["-m", "pip", "--disable-pip-version-check", "install", wheel, "pytest"]);
    const testMs = await timed(python, ["-m", "pytest", "-q", "tests"]);
    return { environmentMs, installMs, testMs };
  }
}
