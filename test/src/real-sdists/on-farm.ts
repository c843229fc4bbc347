import { execFile } from "node:child_process";
import { mkdtemp, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { AgentView, JobSummary, RunView } from "@kiln/proto";
import type { Farm } from "../farm/farm.ts";
import { specOf, type Candidate } from "./candidates.ts";
import { withoutPlatform, type Outcome } from "./outcome.ts";

const cliMain = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));

/** `kiln submit ARGS --wait --json` on this farm, to its end. */
function submit(farm: Farm, args: readonly string[]): Promise<RunView> {
  const env = { ...process.env, KILN_URL: farm.coordinator.ready.httpUrl, KILN_TOKEN: farm.token };
  const command = [cliMain, "submit", ...args, "--wait", "--json"];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, command, { env, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      // 1: a job did not pass, which may be as it should.
      if (error === null || error.code === 1) resolve(JSON.parse(stdout) as RunView);
      else reject(new Error(`kiln submit ${args.join(" ")} ended with ${error.code}: ${stderr}`));
    });
  });
}

/** Submits a release by its name, with a kiln.yaml for these Pythons unless it goes without one. */
export async function submitCandidate(
  farm: Farm,
  candidate: Candidate,
  pythons: readonly string[],
  scratch: string,
): Promise<RunView> {
  const release = `pypi:${candidate.name}==${candidate.version}`;
  if (candidate.withoutSpec) return submit(farm, [release]);
  const spec = join(await mkdtemp(join(scratch, "spec-")), "kiln.yaml");
  await writeFile(spec, specOf(candidate, pythons));
  return submit(farm, [release, "--spec", spec]);
}

/** What a finished run says of one Python. Throws when something else than the candidate failed. */
export async function outcomeOnFarm(farm: Farm, run: RunView, python: string): Promise<Outcome> {
  const excluded = run.excluded.find(({ axes }) => axes["python"] === python);
  if (excluded?.rule === "requires-python") return { kind: "not-allowed", wheel: null, seconds: 0 };
  const cell = run.cells.find(({ axes }) => axes["python"] === python)?.cell;
  const test = run.jobs.find((job) => job.kind === "test" && job.cell === cell);
  const build = run.jobs.find((job) => job.kind === "build" && test?.needs.includes(job.name));
  if (!test || !build) throw new Error(`${run.run} has no cell of CPython ${python}: ${JSON.stringify(run.excluded)}`);
  const seconds = secondsOf(build) + secondsOf(test);
  if (build.outcome === "build-failed") return { kind: "does-not-build", wheel: null, seconds };
  const { history } = await farm.api.job(run.run, build.name);
  const filename = history.at(-1)?.artifacts.find(({ role }) => role === "wheel")?.blob.filename;
  if (filename === undefined || (test.outcome !== "passed" && test.outcome !== "tests-failed")) {
    const told = [build, test].map(({ name, outcome, summary }) => `${name}: ${outcome}: ${summary}`);
    throw new Error(`${run.run} ended otherwise:\n${told.join("\n")}`);
  }
  return { kind: test.outcome === "passed" ? "works" : "tests-fail", wheel: withoutPlatform(filename), seconds };
}

function secondsOf({ startedAtMs, finishedAtMs }: JobSummary): number {
  return startedAtMs === null || finishedAtMs === null ? 0 : (finishedAtMs - startedAtMs) / 1000;
}

export interface FarmPython {
  /** "3.12" */
  readonly feature: string;
  /** 12 */
  readonly minor: number;
  /** Of the interpreter that jobs of this feature version get. */
  readonly path: string;
}

/** The oldest and the newest that the agents have, with a GIL; one of them when they are the same. */
export async function oldestAndNewest(farm: Farm): Promise<readonly FarmPython[]> {
  const pythons = (await farm.api.agents())
    .flatMap((agent) => agent.pythons)
    .filter(({ feature }) => !feature.endsWith("t"));
  const patch = ({ version }: AgentView["pythons"][number]): number =>
    Number(version.split(".")[2]?.match(/^\d+/)?.[0] ?? 0);
  const byFeature = new Map<string, AgentView["pythons"][number]>();
  for (const python of pythons) {
    const known = byFeature.get(python.feature);
    if (!known || patch(python) > patch(known)) byFeature.set(python.feature, python);
  }
  const sorted = [...byFeature.values()]
    .map(({ feature, path }) => ({ feature, path, minor: Number(feature.split(".")[1]) }))
    .sort((a, b) => a.minor - b.minor);
  const [oldest, newest] = [sorted[0], sorted.at(-1)];
  if (!oldest || !newest) throw new Error("the farm has no Python");
  return oldest === newest ? [oldest] : [oldest, newest];
}

/** The sources of a run, unpacked under `scratch`: the folder with its setup.py or pyproject.toml. */
export async function unpackSource(farm: Farm, run: RunView, scratch: string): Promise<string> {
  const folder = await mkdtemp(join(scratch, "source-"));
  const archive = join(scratch, run.source.filename);
  const response = await farm.api.fetch(`/api/v1/blobs/${run.source.sha256}`);
  await writeFile(archive, Buffer.from(await response.arrayBuffer()));
  await promisify(execFile)("tar", ["-xzf", archive, "-C", folder]);
  const [top = ""] = await readdir(folder);
  return join(folder, top);
}
