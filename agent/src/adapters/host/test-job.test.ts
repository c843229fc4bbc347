import { job as wire } from "@kiln/proto";
import { temporaryFolder } from "@kiln/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Interpreter } from "../../domain/interpreter.ts";
import type { Blob, Job, TestWork } from "../../domain/job.ts";
import { HostBench, type RunResult } from "../../testing/host-bench.ts";
import { packPurePackage } from "../../testing/pure-package.ts";
import { startRunIndex, type RunIndexServer } from "../../testing/run-index-server.ts";
import { readPythons } from "../inventory/read-pythons.ts";

const { Outcome } = wire;

const shared = temporaryFolder();
const { pythons } = await readPythons(process.env, `${shared.path}/pythons.json`);
const newest = pythons.at(-1) as Interpreter;
if (!newest) console.warn("skipped: this machine has no usable CPython");

describe.skipIf(!newest || process.platform === "win32")("a test job", { timeout: 60_000 }, () => {
  const stack = new AsyncDisposableStack();
  stack.use(shared);
  let index: RunIndexServer;
  let bench: HostBench;
  let source: Blob;
  let wheel: Blob;

  beforeAll(async () => {
    index = stack.use(await startRunIndex());
    bench = stack.use(new HostBench(pythons, { tools: `${shared.path}/tools`, indexes: index.access }));
    source = bench.blobs.add(packPurePackage(shared.path));
    wheel = await build(source);
    index.projects.set("kiln-pure", [served(wheel)]);
  }, 120_000);
  afterAll(() => stack.disposeAsync());

  const CANDIDATE = { name: "kiln-pure", version: "1.0" };

  async function build(from: Blob, env: Record<string, string> = {}): Promise<Blob> {
    const candidate = { ...CANDIDATE, version: null };
    const work = {
      kind: "build",
      source: from,
      candidate,
      configSettings: {},
      frontend: "pip",
      wheel: null,
      checkReproducible: false,
    } as const;
    const { artifacts, log } = await bench.run({ ...job(work), env });
    const blob = artifacts[0]?.blob;
    if (!blob) throw new Error(`the wheel was not built: ${log}`);
    return { sha256: blob.sha256, sizeBytes: Number(blob.sizeBytes), filename: blob.filename };
  }

  function served({ sha256, filename }: Blob): { filename: string; bytes: Buffer } {
    return { filename, bytes: bench.blobs.get(sha256) as Buffer };
  }

  function job(work: Job["work"], changes: Partial<Job> = {}): Job {
    const limits = { timeoutMs: 60_000, logBytesMax: 1_000_000 };
    return { name: "job", python: newest.feature, env: {}, limits, work, ...changes };
  }

  function testWork(changes: Partial<TestWork> = {}): TestWork {
    return {
      ...{ kind: "test", wheel, candidate: CANDIDATE, extras: [], requires: [] },
      ...{ index: "any", torch: null, check: { kind: "import" }, repeatFailed: 0 },
      ...changes,
    };
  }

  function run(command: string, changes: Partial<TestWork> = {}): Promise<RunResult> {
    const check = { kind: "command", command, source, files: [] } as const;
    return bench.run(job(testWork({ index: null, check, ...changes })));
  }

  describe("installs", () => {
    test("from the index of its run and from nothing else, with the oldest and the newest pip", async () => {
      for (const python of new Set([pythons[0] as Interpreter, newest])) {
        index.asked.length = 0;
        const env = { PIP_INDEX_URL: "http://127.0.0.1:1/", PIP_FIND_LINKS: shared.path, PIP_NO_INDEX: "1" };
        const { finished, log } = await bench.run(job(testWork({ extras: ["more"] }), { python: python.feature, env }));
        expect(finished).toMatchObject({ outcome: Outcome.PASSED, summary: "" });
        expect(log).toContain("$ pip install -- kiln_pure[more]==1.0\n");
        expect(log).toContain("/index/r1/any/simple/ and from nowhere else");
        expect(log).toContain("PIP_FIND_LINKS, PIP_INDEX_URL, PIP_NO_INDEX of the job: not used");
        expect(log).toContain(`what is installed is ${wheel.filename}, SHA-256 ${wheel.sha256}`);
        expect(log).not.toContain(index.password);
        expect(index.asked).toContain("/index/r1/any/simple/kiln-pure/");
      }
    });

    test("that very file: another one of the same name and version fails it", async () => {
      const other = await build(
        bench.blobs.add(packPurePackage(shared.path, { "src/kiln_pure/__init__.py": "ANSWER = 41\n" })),
      );
      index.projects.set("kiln-pure", [served(other)]);
      const { finished } = await bench.run(job(testWork()));
      index.projects.set("kiln-pure", [served(wheel)]);
      expect(finished.outcome).toBe(Outcome.TESTS_FAILED);
      expect(finished.summary).toMatch(
        /^another file than .* is installed instead: kiln_pure\/__init__\.py is not as in it$/,
      );
    });

    test("a project that the farm cannot offer is named, with what to set", async () => {
      index.detail = "nothing-such is not the candidate: start the coordinator with KILN_UPSTREAM_INDEX";
      const { finished, log } = await bench.run(job(testWork({ requires: ["nothing_such"] })));
      expect(finished).toMatchObject({
        outcome: Outcome.INFRASTRUCTURE,
        summary: `installing the wheel failed: ${index.detail}`,
      });
      expect(log).toContain(index.detail);
    });
  });

  /** A command that writes this into a file of results. */
  const writes = (xml: string, name = "own.xml"): string => `printf '%s' '${xml}' > "$KILN_RESULTS/${name}"`;
  const FAILED =
    '<testsuite tests="2" failures="1"><testcase name="a"/><testcase name="b"><failure message="no"/></testcase></testsuite>';

  describe("reads the results of its command", () => {
    test("into a report, and stores the files", async () => {
      const coverage = '<coverage lines-valid="4" lines-covered="3"/>';
      const { finished, reports, artifacts } = await run(
        `${writes(FAILED.replace('<failure message="no"/>', '<skipped message="later"/>').replace('failures="1"', ""))}; ${writes(coverage, "coverage.xml")}`,
      );
      expect(finished).toMatchObject({ outcome: Outcome.PASSED, summary: "" });
      expect(reports).toMatchObject([
        {
          tests: 2,
          passed: 1,
          skipped: 1,
          skips: [{ name: "b", message: "later" }],
          coverage: { lines: 4, linesCovered: 3 },
        },
      ]);
      expect(artifacts.map(({ role, blob }) => [role, blob?.filename])).toEqual([
        ["coverage", "coverage.xml"],
        ["junit", "own.xml"],
      ]);
    });

    test("without any there is no report, and the exit status decides", async () => {
      const { finished, reports, log } = await run("echo $KILN_RESULTS");
      expect(finished.outcome).toBe(Outcome.PASSED);
      expect(reports).toEqual([]);
      expect(log).toMatch(/^\/.*\/results\/0$/m);
    });

    test.each([
      [
        "failures, and the exit status says none",
        writes(FAILED),
        "exit status 0, and its results have a failed test: b",
      ],
      ["half a file", writes(FAILED.slice(0, 40)), "the test results cannot be read: own.xml, line 1: unclosed tag"],
      ["an empty file", writes(""), "the test results cannot be read: own.xml, line 1: "],
      ["another kind of file", writes("<html/>"), "the root of neither a JUnit nor a Cobertura file"],
      ["bytes that are no text", `printf '\\377\\0' > "$KILN_RESULTS/x.xml"`, "x.xml, "],
      ["no tests", writes("<testsuite/>"), "no tests were collected"],
      ["a link to elsewhere", 'ln -s /etc/hostname "$KILN_RESULTS/x.xml"', "x.xml, it is a link to outside its folder"],
      ["a pipe", 'mkfifo "$KILN_RESULTS/x.xml"', "x.xml, it is not an ordinary file"],
    ])("%s: never a pass", async (_, command, reason) => {
      const { finished } = await run(command);
      expect(finished.outcome).toBe(Outcome.TESTS_FAILED);
      expect(finished.summary).toContain(reason);
    });

    test("a pytest that collects nothing fails the job, with a report or without", async () => {
      for (const command of [
        "pytest() { return 5; }; pytest",
        `pytest() { ${writes("<testsuite/>")}; return 5; }; pytest`,
      ]) {
        const { finished, exitCodes } = await run(command);
        expect(finished).toMatchObject({ outcome: Outcome.TESTS_FAILED, summary: "no tests were collected" });
        expect(exitCodes.at(-1)).toBe(5);
      }
    });
  });

  describe("runs failed tests again", () => {
    /** What pytest leaves behind in its cache and its file, by the round. */
    const pytest = (...rounds: readonly string[]): string => {
      const cases = rounds.map((body, at) => `${at}) ${body} ;;`).join(" ");
      return `pytest() { d=$(python -c 'import os,shlex;print([a for a in shlex.split(os.environ["PYTEST_ADDOPTS"]) if a.startswith("cache_dir=")][0][10:])'); mkdir -p "$d/v/cache"; echo '{"b": true}' > "$d/v/cache/lastfailed"; case "\${KILN_RESULTS##*/}" in ${cases} esac; }; pytest`;
    };
    const PASSES = writes('<testsuite tests="1"><testcase name="b"/></testsuite>');

    test("one that passes then is flaky: the job passes and says which", async () => {
      const { finished, steps, exitCodes, reports, artifacts } = await run(
        pytest(`${writes(FAILED)}; return 1`, `${PASSES}; return 0`),
        { repeatFailed: 2 },
      );
      expect(finished).toMatchObject({ outcome: Outcome.PASSED, summary: "1 flaky test: b" });
      expect(steps.slice(-2)).toEqual(["run the test command", "run the failed tests again (1 of 2)"]);
      expect(exitCodes.slice(-2)).toEqual([1, 0]);
      expect(reports).toMatchObject([
        { tests: 2, passed: 1, failed: 0, flaky: 1, failures: [{ name: "b", message: "no" }] },
      ]);
      expect(artifacts.map(({ blob }) => blob?.filename)).toEqual(["own.xml", "repeat-1-own.xml"]);
    });

    test("one that fails every time fails the job", async () => {
      const fails = `${writes(FAILED)}; return 1`;
      const { finished, steps, reports } = await run(pytest(fails, fails, fails), { repeatFailed: 2 });
      expect(finished).toMatchObject({ outcome: Outcome.TESTS_FAILED });
      expect(steps.slice(-2)).toEqual(["run the failed tests again (1 of 2)", "run the failed tests again (2 of 2)"]);
      expect(reports).toMatchObject([{ failed: 1, flaky: 0 }]);
    });

    test.each([
      ["the repeat does not run it", PASSES.replaceAll('"b"', '"c"'), 0, "have a failed test: b"],
      ["the repeat itself fails", PASSES, 4, "exit status 4"],
      ["the repeat's results are damaged", writes("<testsuite>"), 0, "cannot be read"],
    ])("no pass when %s", async (_, second, exitCode, reason) => {
      const { finished } = await run(pytest(`${writes(FAILED)}; return 1`, `${second}; return ${exitCode}`), {
        repeatFailed: 1,
      });
      expect(finished.outcome).toBe(Outcome.TESTS_FAILED);
      expect(finished.summary).toContain(reason);
    });

    test.each([
      [
        "it was stopped at the first failure",
        "echo '!!!!!! stopping after 1 failures !!!!!!'; return 1",
        "before it had run all tests",
      ],
      ["it was interrupted", "return 2", "ended with exit status 2, not with 1"],
      ["no pytest has kept what failed", 'rm -r "$d/v"; return 1', "its cache plugin off"],
    ])("not when %s, and the log says so", async (_, rest, reason) => {
      const { finished, steps, log } = await run(pytest(`${writes(FAILED)}; ${rest}`), { repeatFailed: 1 });
      expect(finished.outcome).toBe(Outcome.TESTS_FAILED);
      expect(steps.at(-1)).toBe("run the test command");
      expect(log).toContain("the failed tests are not run again: ");
      expect(log).toContain(reason);
    });
  });

  test("the package of a src layout must not come along with the tests", async () => {
    const check = { kind: "command", command: "true", source, files: ["src", "tests"] } as const;
    const { finished } = await bench.run(job(testWork({ check })));
    expect(finished.outcome).toBe(Outcome.BAD_SPEC);
    expect(finished.summary).toContain("src/kiln_pure would be imported in place of the installed wheel");
  });
});
