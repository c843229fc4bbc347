import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditPage, RunView } from "@kiln/proto";
import { describe, expect, it } from "vitest";
import { Farm } from "./farm.ts";
import { tarOfPureProject } from "./pure-project.ts";

const VALUE = "correct-horse&battery/staple+22";
const FOR_BUILDS = "BUILD_VALUE";

/** A build backend that needs its secret. */
const LEAKY = `
import os
assert os.environ["BUILD_KEY"] == "BUILD_" + "VALUE"
assert "INDEX_TOKEN" not in os.environ
from backend import *
`;

/** Writes its secret in every way, across the pieces that logs are sent in, then waits until the test has looked. */
const LEAK = `
import base64, os, pathlib, sys, time, urllib.parse
from xml.sax.saxutils import escape
value = os.environ["INDEX_TOKEN"]
assert "BUILD_KEY" not in os.environ
for padding in range(65536 - 40, 65536 + 8, 7):
    sys.stdout.write("x" * padding + value + chr(10))
sys.stdout.flush()
for character in value: sys.stdout.write(character); sys.stdout.flush()
print()
print(urllib.parse.quote(value, safe=""), base64.b64encode(b"kiln:" + value.encode()).decode(), repr(value))
pathlib.Path(os.environ["KILN_RESULTS"], "junit.xml").write_text(
    '<testsuite tests="1" failures="0" errors="0" skipped="0"><testcase name="t">'
    "<system-out>" + escape(value) + "</system-out></testcase></testsuite>")
print("it has written all", flush=True)
while not os.path.exists(os.environ["GO_ON"]): time.sleep(0.02)
`;

const SPEC = `
kiln: 1
matrix: {os: available, python: ["PYTHON"]}
build: {wheel: pure, secrets: [BUILD_KEY]}
test:
  files: [leak.py]
  command: python leak.py
  env: {GO_ON: "GO_ON_FILE"}
  secrets: [INDEX_TOKEN]
checks:
  - {name: fails, command: 'python -c "import os, sys; sys.exit(os.environ[''INDEX_TOKEN''])"', secrets: [INDEX_TOKEN]}
`;

/** In which files under the folder the bytes are, with how many files were read. */
function filesWith(folder: string, needles: readonly Buffer[]): { readonly found: string[]; readonly read: number } {
  const found: string[] = [];
  let read = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch {
      continue; // It went away meanwhile.
    }
    read += 1;
    if (needles.some((needle) => bytes.includes(needle))) found.push(path);
  }
  return { found, read };
}

const NEEDLES = [
  ...[VALUE, FOR_BUILDS, VALUE.slice(0, 20), encodeURIComponent(VALUE)],
  ...[Buffer.from(`kiln:${VALUE}`).toString("base64"), VALUE.replace("&", "&amp;")],
].map((text) => Buffer.from(text));

describe("secrets of jobs", { timeout: 120_000 }, () => {
  it("reach the commands that name them, and no log, event, plan, report, store or message of the farm", async () => {
    await using farm = await Farm.start({ executor: "host", slots: 2 });
    const { api } = farm;
    const set = (name: string, value: string) =>
      api.fetch(`/api/v1/secrets/${name}`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ value }),
      });
    const python = (await api.agents())[0]?.pythons.at(-1)?.feature ?? "";
    const goOn = join(farm.dir, "go-on");
    const spec = SPEC.replace("PYTHON", python).replace("GO_ON_FILE", goOn);
    const pyproject = '[build-system]\nrequires = []\nbuild-backend = "leaky"\nbackend-path = ["."]\n';
    const sdist = tarOfPureProject({ "leak.py": LEAK, "leaky.py": LEAKY, "pyproject.toml": pyproject });
    const submission = { spec, name: "demo", version: "1.0", sdist };

    await set("INDEX_TOKEN", VALUE);
    await expect(api.submit(submission)).rejects.toMatchObject({
      status: 422,
      problem: {
        problems: [{ line: 4, path: "build.secrets[0]", suggestion: "set it with `kiln secret set BUILD_KEY`" }],
      },
    });
    await set("BUILD_KEY", FOR_BUILDS);
    const run = await api.submit(submission);

    // While the job runs: its frames are in spools, its assignment in NATS's store.
    const name = await startedTest(farm, run);
    const log = await api.fetch(`/api/v1/runs/${run}/jobs/${name}/log?follow=1`);
    await readUntil(log, "it has written all");
    const meanwhile = filesWith(farm.dir, NEEDLES);
    writeFileSync(goOn, "");

    const events: string[] = [];
    for await (const event of api.events(run)) events.push(JSON.stringify(event));
    const view = await api.run(run);
    const outcomes = Object.fromEntries(view.jobs.map(({ kind, outcome }) => [kind, outcome]));
    expect(outcomes).toEqual({ build: "passed", test: "passed", check: "tests-failed" });
    const shown: string[] = [JSON.stringify(view), ...events, ...farm.coordinator.log(), ...farm.agent("a1").log()];
    for (const job of view.jobs) {
      shown.push(JSON.stringify(await api.job(run, job.name)), (await api.log(run, job.name, 1)).toString());
    }
    const logs = shown.join("\n");
    expect(logs.match(/x{65496,65543}\*\*\*\n/g)?.length).toBe(7);
    // Not with the whole text in the message: it has 64 KiB lines.
    expect(NEEDLES.filter((needle) => logs.includes(needle.toString()))).toEqual([]);

    const afterwards = filesWith(farm.dir, NEEDLES);
    // What the job itself writes into its own folder goes with it.
    const work = join(farm.dir, "a1", "work");
    expect(meanwhile.found.filter((path) => !path.startsWith(work))).toEqual([]);
    expect(afterwards.found).toEqual([]);
    expect(Math.min(meanwhile.read, afterwards.read)).toBeGreaterThan(10);
    expect(existsSync(join(farm.dir, "coordinator", "kiln.db"))).toBe(true);

    const audit = (await (await api.fetch("/api/v1/audit?what=secret.give")).json()) as AuditPage;
    const given = audit.entries.map(({ who, outcome, detail }) => `${who.split(":")[0]} ${outcome} ${detail}`);
    expect(given.toSorted()).toEqual(["agent done BUILD_KEY", "agent done INDEX_TOKEN", "agent done INDEX_TOKEN"]);
  });
});

/** The name of the run's test job, once it runs. */
async function startedTest(farm: Farm, run: string): Promise<string> {
  for await (const event of farm.api.events(run)) {
    if (event.type === "job" && event.job.kind === "test" && event.job.state === "running") return event.job.name;
  }
  throw new Error(`no test ran: ${JSON.stringify((await farm.api.run(run)) satisfies RunView)}`);
}

async function readUntil(response: Response, part: string): Promise<void> {
  let tail = "";
  if (!response.body) throw new Error("there is no log");
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    tail = (tail + text).slice(-1_000);
    if (tail.includes(part)) return;
  }
  throw new Error(`the log ended without ${JSON.stringify(part)}: ${tail}`);
}
