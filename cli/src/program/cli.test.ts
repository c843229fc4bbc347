import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { COMMANDS, GROUPS } from "../commands/table.ts";
import { fakeFarm } from "../testing/fake-farm.ts";
import { runKiln } from "../testing/run-kiln.ts";
import { tempDir, type TempDir } from "../testing/temp-dir.ts";
import { finished, jobEvent, jobView, running, runView } from "../testing/views.ts";

const BUILD = "build-cp312-linux-x86_64";

/** The one JSON document that a command printed; throws when there is anything else. */
function document(stdout: string): Record<string, unknown> {
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function project(): Promise<TempDir> {
  const dir = await tempDir();
  await mkdir(join(dir.path, "p"));
  await writeFile(
    join(dir.path, "p", "pyproject.toml"),
    '[project]\nname = "hello"\nversion = "1.0"\nrequires-python = ">=3.9"\n',
  );
  return dir;
}

describe("wrong usage", () => {
  test.each([
    [["sumbit"], "unknown command 'sumbit'\n(Did you mean submit?)\n./kiln --help says how it is used."],
    [["submit"], "missing required argument 'source'\n./kiln submit --help says how it is used."],
    [["runs", "--limti", "3"], "unknown option '--limti'"],
    [["runs", "--limit", "many"], "--limit many is not a number from 1 to 1000."],
    [["show", "three"], '"three" is not a run.'],
    [["retry", "r3"], "Write: ./kiln retry RUN --failed"],
    [["submit", ".", "--rebuild", "--reuse", "r3"], "Write one of them."],
    [["up", "--port-base", "80"], "--port-base 80 is not a number from 1024 to 65533."],
    [["plan", "pypi:lz4>=4"], "Write pypi:lz4==VERSION"],
    [["doctor", "extra"], "too many arguments"],
    [["agents", "extra"], 'There is no "agents extra"'],
    [["agents", "show"], "Write its name"],
  ])("%j is told what is wrong, and ends with 64", async (args, message) => {
    await using farm = await fakeFarm();
    const result = await runKiln(args, { env: farm.env });
    expect(result.stderr).toContain(message);
    expect(result).toMatchObject({ exitCode: 64, stdout: "" });
  });

  test("with --json the error is the one document on stdout", async () => {
    const result = await runKiln(["runs", "--limit", "0", "--json"]);
    expect(document(result.stdout)).toEqual({
      error: { message: "--limit 0 is not a number from 1 to 1000.", advice: "", problems: [], exitCode: 64 },
    });
    expect(result.exitCode).toBe(64);
  });
});

describe("help", () => {
  test.each(COMMANDS.map((command) => command.name))(
    "of %s has a summary, examples and the exit codes",
    async (name) => {
      const result = await runKiln([...name.split(" "), "--help"]);
      expect(result).toMatchObject({ exitCode: 0, stderr: "" });
      expect(result.stdout).toContain("Examples:\n  ");
      expect(result.stdout).toContain("  64  wrong usage of the command line");
      expect(result.stdout).toContain("--json");
      expect(await runKiln(["help", ...name.split(" ")])).toEqual(result);
    },
  );

  test("of the whole lists every command, and --version is one line", async () => {
    const { stdout } = await runKiln([]);
    const lists = new Map([["", stdout]]);
    for (const name of Object.keys(GROUPS)) lists.set(name, (await runKiln([name, "--help"])).stdout);
    for (const { name, summary } of COMMANDS) {
      const [own = "", group = ""] = name.split(" ").reverse();
      expect(lists.get(group)).toMatch(new RegExp(`^ {2}${own} +${summary}$`, "m"));
    }
    for (const [name, summary] of Object.entries(GROUPS)) {
      expect(stdout).toMatch(new RegExp(`^ {2}${name} +${summary}$`, "m"));
    }
    expect(await runKiln(["--version"])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});

describe("without a farm", () => {
  test.each([["runs"], ["agents"], ["show", "r1"], ["watch", "r1"], ["cancel", "r1"]])(
    "%s says how to start one and ends with 3",
    async (...args) => {
      const result = await runKiln(args, { env: { KILN_HOME: "/nonexistent/kiln" } });
      expect(result.exitCode).toBe(3);
      expect(result.stderr).toBe(
        "kiln: No farm is running in /nonexistent/kiln.\nStart one with ./kiln up, or name one with KILN_URL and KILN_TOKEN.\n",
      );
    },
  );

  test("a farm that is named and does not answer is told with its address", async () => {
    const farm = await fakeFarm();
    await farm.server.close();
    const result = await runKiln(["runs"], { env: farm.env });
    expect(result.exitCode).toBe(3);
    expect(result.stderr).toContain(`No farm answers at ${farm.server.url}: nothing listens there.`);
  });

  test("a wrong token is told as one", async () => {
    await using farm = await fakeFarm();
    const result = await runKiln(["runs"], { env: { ...farm.env, KILN_TOKEN: "other" } });
    expect(result).toMatchObject({ exitCode: 3, stderr: expect.stringContaining("check KILN_TOKEN") });
  });
});

describe("watch", () => {
  test.each([
    ["pass", 0],
    ["fail", 1],
    ["inconclusive", 2],
    [null, 3],
  ] as const)("of a run that ends %s ends with %d", async (verdict, exitCode) => {
    await using farm = await fakeFarm();
    farm.end = runView([], { state: "finished", verdict, reason: "That is why." });
    const result = await runKiln(["watch", "r3"], { env: farm.env });
    expect(result.exitCode).toBe(exitCode);
    expect(result.stdout).toContain("That is why.");
  });

  test("into a pipe prints a line for each change, the failure with its excerpt, and no escape sequence", async () => {
    await using farm = await fakeFarm();
    const failed = finished(BUILD, "build-failed", [300, 2_000], { summary: "The build ended with exit code 1." });
    farm.view = runView([running(BUILD, 300)]);
    farm.events = [jobEvent(11, running(BUILD, 300, { attempts: 2 })), jobEvent(12, failed)];
    farm.end = runView([failed], { state: "finished", verdict: "fail", lastEventId: 12 });
    farm.jobs.set(BUILD, jobView(failed, { excerpt: "\u001b[1merror:\u001b[0m expected ';'" }));
    const { stdout, exitCode } = await runKiln(["watch", "r3"], { env: farm.env });
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`● ${BUILD} started on box (attempt 2)\n`);
    expect(stdout).toContain(`✗ ${BUILD} build-failed in 1.7 s: The build ended with exit code 1.\n`);
    expect(stdout).toContain("  | error: expected ';'\n");
    expect(stdout).toContain(`./kiln logs r3 ${BUILD}`);
    expect(stdout).not.toContain("\u001b");
  });

  test("with --json prints JSON lines: the run, its events, the run at the end", async () => {
    await using farm = await fakeFarm();
    farm.events = [jobEvent(11, running(BUILD, 300))];
    const { stdout, exitCode } = await runKiln(["watch", "last", "--json"], { env: farm.env });
    expect(exitCode).toBe(0);
    const lines = stdout.trimEnd().split("\n").map(document);
    expect(lines.map((line) => line["type"])).toEqual(["view", "job", "view"]);
  });

  test("ends with 130 at Ctrl-C, and the run goes on", async () => {
    await using farm = await fakeFarm();
    farm.hanging = true;
    farm.events = [jobEvent(11, running(BUILD, 300))];
    const result = await runKiln(["watch", "r3"], {
      env: farm.env,
      onStdout: (text, child) => text.includes("started") && child.kill("SIGINT"),
    });
    expect(result.exitCode).toBe(130);
    expect(farm.server.requests).not.toContain("POST /api/v1/runs/r3/cancel");
  });
});

describe("submit", () => {
  test("packs a folder, sends it once, and names the spec it has", async () => {
    await using dir = await project();
    await using farm = await fakeFarm();
    const first = await runKiln(["submit", "p", "--json"], { env: farm.env, cwd: dir.path });
    expect(first.exitCode).toBe(0);
    expect(document(first.stdout)).toMatchObject({ run: "r3" });
    const second = await runKiln(["submit", "p"], { env: farm.env, cwd: dir.path });
    expect(second.stdout).toContain("./kiln watch r3");
    expect(farm.submissions[0]).toMatchObject({
      spec: "",
      specFile: "kiln.yaml",
      source: { filename: "hello-1.0.tar.gz" },
      candidate: {
        name: "hello",
        version: "1.0",
        requiresPython: ">=3.9",
        factsFrom: "pyproject.toml [project]",
        origin: join(dir.path, "p"),
      },
    });
    expect(farm.submissions[1]?.source).toEqual(farm.submissions[0]?.source);
    expect(farm.submissions[1]?.submissionId).not.toBe(farm.submissions[0]?.submissionId);
    expect(farm.server.requests.filter((request) => request.startsWith("PUT"))).toHaveLength(1);
  });

  test("a submission whose answer was lost is sent again under the same id", async () => {
    await using dir = await project();
    await using farm = await fakeFarm();
    farm.cutSubmissions = 2;
    const result = await runKiln(["submit", "p"], { env: farm.env, cwd: dir.path });
    expect(result.exitCode).toBe(0);
    expect(farm.submissions).toHaveLength(3);
    expect(new Set(farm.submissions.map((each) => each.submissionId)).size).toBe(1);
  });

  test("--wait --json prints the finished run alone, and ends by its verdict", async () => {
    await using dir = await project();
    await using farm = await fakeFarm();
    farm.end = runView([], { state: "finished", verdict: "inconclusive" });
    const result = await runKiln(["submit", "p", "--wait", "--json"], { env: farm.env, cwd: dir.path });
    expect(document(result.stdout)).toMatchObject({ state: "finished", verdict: "inconclusive" });
    expect(result.exitCode).toBe(2);
  });

  test("a spec with mistakes is refused before anything is sent, all of them with their places", async () => {
    await using dir = await project();
    await using farm = await fakeFarm();
    await writeFile(join(dir.path, "p", "kiln.yaml"), "matrix:\n  pyhton: available\ntest:\n  timeout: soon\n");
    const result = await runKiln(["submit", "p"], { env: farm.env, cwd: dir.path });
    expect(result.exitCode).toBe(3);
    expect(result.stderr).toContain("kiln: kiln.yaml has 2 mistakes.\n");
    expect(result.stderr).toMatch(/kiln\.yaml:2:3: .*pyhton.*\n {3}2 \| {3}pyhton: available\n {5}\| {3}\^\n/);
    expect(result.stderr).toMatch(/kiln\.yaml:4:12: /);
    expect(farm.server.requests).toEqual(["GET /api/v1/farm"]);
  });

  test("what only the farm can refuse is shown with the line of the spec, too", async () => {
    await using dir = await project();
    await using farm = await fakeFarm();
    await writeFile(join(dir.path, "p", "kiln.yaml"), "version: '1.0'\n");
    const problems = [
      { file: "kiln.yaml", line: 1, column: 10, path: "version", message: "is not it", suggestion: "write 2.0" },
    ];
    farm.refusal = {
      status: 422,
      body: { type: "urn:kiln:bad-spec", title: "Bad spec", status: 422, detail: "The spec has a mistake.", problems },
    };
    const result = await runKiln(["submit", "p"], { env: farm.env, cwd: dir.path });
    expect(result.exitCode).toBe(3);
    expect(result.stderr).toBe(
      "kiln: The spec has a mistake.\nkiln.yaml:1:10: is not it; write 2.0\n   1 | version: '1.0'\n     |          ^\n",
    );
  });

  test.each([
    ["nothing", "nothing is neither a folder nor a file.", "write pypi:nothing==VERSION"],
    [".", "it is not a Python project", ""],
    ["p/pyproject.toml", "is not an sdist", "Give an sdist that ends with .tar.gz or .zip"],
  ])("%s is refused as a source", async (source, message, advice) => {
    await using dir = await project();
    await using farm = await fakeFarm();
    const result = await runKiln(["submit", source], { env: farm.env, cwd: dir.path });
    expect(result.exitCode).toBe(3);
    expect(result.stderr).toContain(message);
    expect(result.stderr).toContain(advice);
  });
});

describe("logs", () => {
  const BYTES = Buffer.concat([
    Buffer.from("\u001b[32mfirst\u001b[0m\n"),
    Buffer.from([0xff, 0xfe]),
    Buffer.from('\nlast "line"\n'),
  ]);

  test("into a pipe are the bytes as they were written, and with --json one document", async () => {
    await using farm = await fakeFarm();
    farm.log = BYTES;
    farm.jobs.set(BUILD, jobView(finished(BUILD, "passed", [0, 1])));
    const raw = await runKiln(["logs", "r3", BUILD], { env: farm.env });
    expect(raw.stdout).toBe(BYTES.toString("utf8"));
    const { stdout } = await runKiln(["logs", "r3", BUILD, "-f", "--json"], { env: farm.env });
    expect(document(stdout)).toEqual({ run: "r3", job: BUILD, attempt: 1, log: BYTES.toString("utf8") });
  });

  test("of a reader that goes away end without a word", async () => {
    await using farm = await fakeFarm();
    farm.log = Buffer.alloc(4 * 1024 * 1024, "line\n");
    farm.jobs.set(BUILD, jobView(finished(BUILD, "passed", [0, 1])));
    const result = await runKiln(["logs", "r3", BUILD], {
      env: farm.env,
      onStdout: (_text, child) => child.stdout?.destroy(),
    });
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
  });

  test("of a job without an attempt are refused with why it waits", async () => {
    await using farm = await fakeFarm();
    const summary = finished(BUILD, "not-run", [0, 1], { summary: "Its build failed." });
    farm.jobs.set(BUILD, { ...jobView(summary), history: [] });
    const result = await runKiln(["logs", "r3", BUILD], { env: farm.env });
    expect(result).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining("no attempt was made (not-run). Its build failed."),
    });
  });
});

test("plan takes the farm's Pythons and says so", async () => {
  await using dir = await project();
  await using farm = await fakeFarm();
  const result = await runKiln(["plan", "p", "--json"], { env: farm.env, cwd: dir.path });
  expect(result.exitCode).toBe(0);
  expect(document(result.stdout)).toMatchObject({
    pythonsFrom: `the agents of the farm at ${farm.server.url}`,
    plan: { cells: [{ name: "cp312-linux-x86_64" }], jobs: [{ name: BUILD }, { name: "test-cp312-linux-x86_64" }] },
  });
  expect((await runKiln(["plan", "p"], { env: farm.env, cwd: dir.path })).stdout).toContain(
    "1 cell, 2 jobs: 1 build, 1 test.\n",
  );
});

test.each([["runs"], ["agents"], ["show", "r3"], ["cancel", "r3"], ["pin", "r3"], ["retry", "r3", "--failed"]])(
  "%s --json prints one document and nothing else",
  async (...args) => {
    await using farm = await fakeFarm();
    const result = await runKiln([...args, "--json"], { env: farm.env });
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(document(result.stdout)).toBeTypeOf("object");
  },
);

describe("results of earlier runs", () => {
  test.each([
    [[], undefined],
    [["--rebuild"], "never"],
    [["--reuse", "12"], "r12"],
    [["--reuse", "last"], "r3"],
  ] as const)("submit %j asks the farm for reuse %j", async (options, reuse) => {
    await using dir = await project();
    await using farm = await fakeFarm();
    const result = await runKiln(["submit", join(dir.path, "p"), ...options], { env: farm.env });
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(farm.submissions.map((body) => body.reuse)).toEqual([reuse]);
  });

  test("are said where a submission begins with them, and in the run's description", async () => {
    await using dir = await project();
    await using farm = await fakeFarm();
    const reusedFrom = { run: "r1", job: BUILD, attempt: 1 };
    const taken = finished(BUILD, "passed", [0, 1], {
      reusedFrom,
      startedAtMs: null,
      summary: `taken from r1 ${BUILD}`,
    });
    farm.view = runView([taken], { state: "finished", verdict: "pass" });
    const submitted = await runKiln(["submit", join(dir.path, "p")], { env: farm.env });
    expect(submitted.stdout).toContain("1 build taken from r1\n");
    const { stdout } = await runKiln(["show", "r3", "--jobs"], { env: farm.env });
    expect(stdout).toContain("1 build taken from r1\n");
    expect(stdout).toContain(`✓ from r1`);
  });

  test("the log of a job that was taken is the one it was taken with, which is said on stderr", async () => {
    await using farm = await fakeFarm();
    const taken = finished(BUILD, "passed", [0, 1], { reusedFrom: { run: "r1", job: BUILD, attempt: 1 } });
    farm.jobs.set(BUILD, { ...jobView(taken), history: [] });
    farm.log = Buffer.from("compiled\n");
    const result = await runKiln(["logs", "r3", BUILD], { env: farm.env });
    expect(result).toMatchObject({ exitCode: 0, stdout: "compiled\n" });
    expect(result.stderr).toBe(`${BUILD} was not run in r3: this is its log of r1.\n`);
  });
});

describe("retry", () => {
  test("of a run in which nothing failed says so and is done", async () => {
    await using farm = await fakeFarm();
    farm.nothingToRetry = true;
    farm.view = runView([finished(BUILD, "passed", [0, 1])], { state: "finished", verdict: "pass" });
    const result = await runKiln(["retry", "r3", "--failed"], { env: farm.env });
    expect(result).toEqual({ exitCode: 0, stdout: "", stderr: "r3 has nothing to run again: 1 job: 1 passed.\n" });
    const json = await runKiln(["retry", "r3", "--failed", "--json"], { env: farm.env });
    expect(document(json.stdout)).toMatchObject({ run: "r3", verdict: "pass" });
  });
});

test("a pinned run says so in lists, and doctor warns before the store is full", async () => {
  await using farm = await fakeFarm();
  expect((await runKiln(["pin", "r3"], { env: farm.env })).stdout).toContain("r3 is pinned");
  expect((await runKiln(["runs"], { env: farm.env })).stdout).toContain("pinned");
  expect((await runKiln(["unpin", "r3"], { env: farm.env })).stdout).toContain("r3 is not pinned");
  expect((await runKiln(["runs"], { env: farm.env })).stdout).not.toContain("pinned");
  const { checks } = JSON.parse((await runKiln(["doctor", "--json"], { env: farm.env })).stdout) as {
    checks: { name: string; state: string; found: string }[];
  };
  expect(checks.find(({ name }) => name === "storage")).toMatchObject({ state: "warning" });
});
