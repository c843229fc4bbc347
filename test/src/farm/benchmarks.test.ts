import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import type { RunView, VerdictView } from "@kiln/proto";
import { temporaryFolder } from "@kiln/testkit";
import { expect, it } from "vitest";
import { Farm } from "./farm.ts";
import { runKiln } from "./kiln-command.ts";
import { PURE_PROJECT } from "./pure-project.ts";

/** Tells what the package costs, and takes no time: only what the candidate's code says may tell it from the baseline. */
const BENCH = `
import demo, json, os
row = {"benchmark": "cost", "metric": "time", "unit": "s", "better": "lower", "samples": [demo.COST]}
with open(os.path.join(os.environ["KILN_RESULTS"], "bench.json"), "w") as file:
    for line in ({"kiln": "benchmarks/1"}, row, {"end": 1}):
        file.write(json.dumps(line) + "\\n")
`;
const BENCHMARK = "cost:time";
/** A project whose commits after v1.0 are 1.1; the third makes it slower. */
const COSTS = [1, 1.001, 0.999, 1.3, 1.301];
/** Other tests of this machine are no tenants that this one is about. */
const ANY_LOAD = { KILN_FOREIGN_CPU_PERCENT: "100000" };

class Repository {
  readonly path: string;
  readonly #python: string;

  constructor(path: string, python: string) {
    this.path = path;
    this.#python = python;
    this.git("init", "-q", "-b", "main");
    for (const [step, cost] of COSTS.entries()) {
      this.write({ ...this.#files(step === 0 ? "1.0" : "1.1"), "demo.py": `COST = ${cost}\n` });
      this.git("add", ".");
      this.git("commit", "-q", "-m", `Step ${step}`);
      if (step === 0) this.git("tag", "v1.0");
    }
  }

  git(...args: readonly string[]): string {
    const identity = ["-c", "user.name=A", "-c", "user.email=a@example.invalid", "-c", "commit.gpgsign=false"];
    return execFileSync("git", ["-C", this.path, ...identity, ...args], { encoding: "utf8" }).trim();
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.path, name)), { recursive: true });
      writeFileSync(join(this.path, name), text);
    }
  }

  /** The spec with another benchmark command, or other parts of its section. */
  spec(command = "python bench.py", more = ""): string {
    return `
matrix: {os: available, python: ["${this.#python}"]}
build: {wheel: pure}
test: {command: 'python -c "import demo"'}
bench: {command: '${command}', files: [bench.py], format: kiln, bound-by: host${more}}
`;
  }

  #files(version: string): Readonly<Record<string, string>> {
    const project = `\n[project]\nname = "demo"\nversion = "${version}"\n`;
    return {
      ...PURE_PROJECT,
      "pyproject.toml": `${PURE_PROJECT["pyproject.toml"]}${project}`,
      "version.txt": version,
      "bench.py": BENCH,
      "kiln.yaml": this.spec(),
    };
  }
}

it("a slowdown is confirmed, stopped and found among commits; what says nothing is no pass", async () => {
  await using farm = await Farm.start({ executor: "host", slots: 2, env: ANY_LOAD });
  using folder = temporaryFolder("kiln-repository-");
  const [python] =
    (await farm.api.agents())[0]?.pythons.map(({ feature }) => feature).filter((one) => !one.endsWith("t")) ?? [];
  const repository = new Repository(join(folder.path), python ?? "");
  const submit = async (revision: string, spec = repository.spec(), says = /^$/): Promise<RunView> => {
    repository.git("checkout", "-q", revision);
    const file = join(folder.path, ".git", "spec.yaml");
    writeFileSync(file, spec);
    const ended = await runKiln(farm, "submit", repository.path, "--spec", file, "--wait", "--json");
    expect(ended.stderr).toMatch(says);
    return JSON.parse(ended.stdout) as RunView;
  };
  const verdict = async ({ run }: RunView): Promise<VerdictView> =>
    JSON.parse((await runKiln(farm, "verdict", run, "--json")).stdout) as VerdictView;
  const attempts = ({ jobs }: RunView) => jobs.find(({ kind }) => kind === "bench")?.attempts;

  // A first release has nothing to be compared with.
  expect(await submit("v1.0")).toMatchObject({ verdict: "pass" });

  const slow = await submit("main");
  expect(slow.verdict).toBe("fail");
  expect(attempts(slow)).toBe(2);
  const stopped = await verdict(slow);
  expect(stopped).toMatchObject({ decidedBy: "G22", comparisons: [{ benchmark: BENCHMARK, outcome: "regressed" }] });
  expect(stopped.comparisons[0]?.differences).toHaveLength(16);

  const found = repository.git("rev-parse", "main~1");
  const searched = await runKiln(
    farm,
    "bisect",
    slow.run,
    BENCHMARK,
    "--source",
    repository.path,
    "--bad",
    "main",
    "--json",
  );
  expect(JSON.parse(searched.stdout)).toMatchObject({ found: { hash: found, subject: "Step 3" }, good: "v1.0" });

  const unchanged = await submit("main~2");
  expect([unchanged.verdict, attempts(unchanged)]).toEqual(["pass", 1]);

  const outcomes = async (spec: string, says?: RegExp) => {
    const run = await submit("main~2", spec, says);
    const { comparisons, gates } = await verdict(run);
    const gate = gates.find(({ id }) => id === "G22");
    return [run.verdict, gate?.outcome, comparisons[0]?.outcome, comparisons[0]?.reason ?? gate?.reason];
  };
  const write = (text: string): string => `printf %s "${text}" > "$KILN_RESULTS/bench.json"`;
  // The commit of a run that was stopped: what is wanted is what it costs, not whether it may be released.
  const commit = repository.git("rev-parse", "main");
  const other = await submit("main~2", repository.spec(undefined, `, baseline: {commit: "${commit.slice(0, 9)}"}`));
  const [compared] = (await verdict(other)).comparisons;
  expect(compared).toMatchObject({ outcome: "improved", baselineFile: { run: slow.run, commit } });
  const unknown = repository.spec(undefined, ', baseline: {commit: "0000000"}');
  expect(await outcomes(unknown, /git worktree add .* 0000000/)).toEqual([
    "inconclusive",
    "not-run",
    "no-baseline",
    expect.stringContaining("submit it"),
  ]);
  const empty = await outcomes(repository.spec(write("")));
  expect(empty).toEqual(["inconclusive", "invalid", "invalid", expect.stringContaining("is empty")]);
  const corrupt = await outcomes(repository.spec(write("{")));
  expect(corrupt).toEqual(["inconclusive", "invalid", "invalid", expect.stringContaining("bench.json")]);
  expect(corrupt).not.toEqual(empty);
  const none = await submit("main~2", repository.spec("true"));
  expect(none).toMatchObject({
    verdict: "fail",
    jobs: expect.arrayContaining([expect.objectContaining({ kind: "bench", outcome: "tests-failed" })]) as unknown,
  });

  // The same code beside busy cores is not judged.
  await farm.coordinator.kill();
  await farm.startCoordinator({ KILN_FOREIGN_CPU_PERCENT: "25" });
  const busy = Array.from({ length: availableParallelism() }, () => spawn(process.execPath, ["-e", "for (;;);"]));
  try {
    const beside = await outcomes(repository.spec());
    expect(beside).toEqual(["inconclusive", "invalid", "invalid", expect.stringContaining("other processes used")]);
  } finally {
    for (const one of busy) one.kill("SIGKILL");
  }
});
