import { spawn } from "node:child_process";
import { once } from "node:events";
import { job as wire } from "@kiln/proto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Blob, CommandCheck, Job, TestWork } from "../../domain/job.ts";
import type { Interpreter } from "../../domain/interpreter.ts";
import { HostBench, BENCH_AGENT } from "../../testing/host-bench.ts";
import { LocalBlobs } from "../../testing/local-blobs.ts";
import { ManualClock } from "../../testing/manual-clock.ts";
import { packPurePackage } from "../../testing/pure-package.ts";
import { temporaryFolder } from "@kiln/testkit";
import { executorContract } from "../../ports/executor.contract.ts";
import { readPythons } from "../inventory/read-pythons.ts";
import { processMark } from "../system/process-mark.ts";
import { processStat } from "../system/process-stat.ts";
import { COOKIE_VARIABLE } from "../system/attempt-of-process.ts";
import { attemptCookie } from "./stray-processes.ts";

const { Outcome } = wire;
const isLinux = process.platform === "linux";
const isWindows = process.platform === "win32";

// Shared by all tests: unpacked pips, and the package and its wheel.
const shared = temporaryFolder();
const { pythons } = await readPythons(process.env, `${shared.path}/pythons.json`);
const newest = pythons.at(-1) as Interpreter;
if (!newest) console.warn("skipped: this machine has no usable CPython");

const stack = new DisposableStack();
stack.use(shared);
afterAll(() => stack.dispose());
const blobs = new LocalBlobs();
const newBench = (clock?: ManualClock) =>
  stack.use(new HostBench(pythons, { tools: `${shared.path}/tools`, blobs, ...(clock ? { clock } : {}) }));

const CANDIDATE = { name: "Kiln.Pure", version: "1.0.0" };

if (newest && isLinux) {
  executorContract("host", () => Promise.resolve({ python: newest.feature, blobs, bench: newBench }));
}

describe.skipIf(!newest || isWindows)("the host executor", { timeout: 30_000 }, () => {
  let bench: HostBench;
  let source: Blob;
  let wheel: Blob;

  beforeAll(async () => {
    bench = newBench();
    source = bench.blobs.add(packPurePackage(shared.path));
    const built = await bench.run(build());
    const [artifact] = built.artifacts;
    if (!artifact?.blob) throw new Error(`the wheel was not built: ${built.log}`);
    wheel = {
      sha256: artifact.blob.sha256,
      sizeBytes: Number(artifact.blob.sizeBytes),
      filename: artifact.blob.filename,
    };
  }, 120_000);

  function job(work: Job["work"], changes: Partial<Job> = {}): Job {
    const limits = { timeoutMs: 60_000, logBytesMax: 1_000_000 };
    return { name: "job", python: newest.feature, env: {}, limits, work, ...changes };
  }

  function build(changes: Partial<Job> = {}, configSettings: Record<string, string> = {}, from = source): Job {
    return job(
      {
        kind: "build",
        source: from,
        candidate: CANDIDATE,
        configSettings,
        frontend: "pip",
        checkReproducible: false,
        wheel: null,
      },
      changes,
    );
  }

  function testWork(check: TestWork["check"], changes: Partial<TestWork> = {}): TestWork {
    return {
      kind: "test",
      wheel,
      candidate: CANDIDATE,
      extras: [],
      requires: [],
      index: null,
      torch: null,
      check,
      repeatFailed: 0,
      ...changes,
    };
  }

  function command(text: string, files: readonly string[] = [], changes: Partial<Job> = {}): Job {
    const check: CommandCheck = { kind: "command", command: text, source, files };
    return job(testWork(check), changes);
  }

  test("builds a wheel, checks and stores it, and leaves nothing behind", async () => {
    const { finished, steps, exitCodes, artifacts, pythonVersion, log } = await bench.run(build());
    expect(finished).toMatchObject({ outcome: Outcome.PASSED, summary: "", excerpt: "" });
    expect(steps).toEqual([
      "fetch the source",
      `make an environment of CPython ${newest.version}`,
      "build the wheel",
      "repair the wheel",
      "audit the wheel",
      "check and keep the wheel",
    ]);
    expect(exitCodes).toEqual([0, 0, 0, 0, 0, 0]);
    expect(pythonVersion).toBe(newest.version);
    expect(artifacts).toMatchObject([{ role: "wheel", blob: { filename: "kiln_pure-1.0-py3-none-any.whl" } }]);
    expect(bench.blobs.get(artifacts[0]?.blob?.sha256 ?? "")).toBeDefined();
    expect(log).toContain("$ pip wheel");
    expect(bench.workFolders).toEqual([]);
  });

  test("does not keep a wheel of another version than the candidate's", async () => {
    const { finished, artifacts, log } = await bench.run(build({ env: { KILN_PURE_VERSION: "1.1" } }));
    const sentence = "the build made kiln-pure 1.1, but the candidate is kiln-pure 1.0.0: their versions differ";
    expect(finished).toMatchObject({ outcome: Outcome.BUILD_FAILED, summary: sentence });
    expect(artifacts).toEqual([]);
    expect(log).toContain(sentence);
  });

  test("hands config settings on, and shows the traceback of a backend that raises", async () => {
    const { finished } = await bench.run(build({}, { fail: "on purpose" }));
    expect(finished.outcome).toBe(Outcome.BUILD_FAILED);
    expect(finished.summary).toContain("RuntimeError: told to fail: on purpose");
    expect(finished.excerpt).toMatch(/^Traceback[^]*RuntimeError: told to fail: on purpose$/);
  });

  test("a check sees the whole source and no wheel; a scan finds its wheel in KILN_WHEEL", async () => {
    const onSource: CommandCheck = {
      kind: "command",
      command: 'test -f backend.py && test -f tests/check.py && test -z "${KILN_WHEEL-}"',
      source,
      files: ["."],
    };
    const checked = await bench.run(job({ kind: "command", check: onSource, requires: [], wheel: null }));
    expect(checked.finished).toMatchObject({ outcome: Outcome.PASSED, summary: "" });
    const onWheel: CommandCheck = { kind: "command", command: 'python -m zipfile -t "$KILN_WHEEL"', source, files: [] };
    const scanned = await bench.run(job({ kind: "command", check: onWheel, requires: [], wheel }));
    expect(scanned.finished).toMatchObject({ outcome: Outcome.PASSED });
    const refusing = { ...onWheel, command: "echo CVE-0000-0001 in kiln_pure; exit 3" };
    const found = await bench.run(job({ kind: "command", check: refusing, requires: [], wheel }));
    expect(found.finished).toMatchObject({ outcome: Outcome.TESTS_FAILED });
    expect(found.finished.summary).toContain("the command ended with exit status 3");
  });

  test("what a scan leaves in KILN_RESULTS is kept, also where it ends with an error, and nothing through a link", async () => {
    const scan = (text: string) => {
      const check: CommandCheck = { kind: "command", command: text, source, files: [] };
      return bench.run(job({ kind: "command", check, requires: [], wheel }));
    };
    const found = await scan('cd "$KILN_RESULTS"; echo {} > a.sarif; echo {} > db.json; echo x > notes.txt; exit 1');
    expect(found.finished.outcome).toBe(Outcome.TESTS_FAILED);
    const kept = found.artifacts.map(({ role, blob }) => [role, blob?.filename]);
    expect(kept).toEqual([
      ["scan", "a.sarif"],
      ["scan", "db.json"],
    ]);
    const linked = await scan('ln -s /etc/passwd "$KILN_RESULTS/a.sarif"');
    expect(linked.finished).toMatchObject({ outcome: Outcome.TESTS_FAILED });
    expect(linked.finished.summary).toContain("cannot be kept: a.sarif: it is a link to outside its folder");
    expect(linked.artifacts).toEqual([]);
    const many = await scan('cd "$KILN_RESULTS"; for i in $(seq 21); do echo {} > $i.json; done');
    expect(many.finished.summary).toContain("21 files are in $KILN_RESULTS; at most 20 are kept");
  });

  test("imports what the wheel installs, on the oldest and the newest Python", async () => {
    for (const python of new Set([pythons[0], newest])) {
      const { finished, log } = await bench.run(job(testWork({ kind: "import" }), { python: python!.feature }));
      expect(finished).toMatchObject({ outcome: Outcome.PASSED });
      expect(log).toContain("import kiln_pure\n");
    }
  });

  test("a package that cannot be imported fails its test, with the traceback", async () => {
    const broken = bench.blobs.add(
      packPurePackage(shared.path, { "src/kiln_pure/__init__.py": "import nowhere_at_all\n" }),
    );
    const built = await bench.run(build({}, {}, broken));
    const blob = built.artifacts[0]?.blob;
    const wheelOfBroken = { sha256: blob?.sha256 ?? "", sizeBytes: 1, filename: blob?.filename ?? "" };
    const { finished } = await bench.run(job(testWork({ kind: "import" }, { wheel: wheelOfBroken })));
    expect(finished.outcome).toBe(Outcome.TESTS_FAILED);
    expect(finished.summary).toContain("No module named 'nowhere_at_all'");
    expect(finished.excerpt).toMatch(/^Traceback/);
  });

  test("runs a command outside the source, with only the files it names and the environment's programs first", async () => {
    const shown =
      "ls; python tests/check.py; python -m pip --version; pip --version; command -v python; echo $GREETING-$KILN_TOKEN-";
    const { finished, log } = await bench.run(command(shown, ["tests"], { env: { GREETING: "hello" } }));
    expect(finished).toMatchObject({ outcome: Outcome.PASSED });
    const output = log.slice(log.indexOf(shown) + shown.length);
    expect(output).toMatch(/^\ntests\n/);
    expect(output).toMatch(/env\/lib\/python[^/]+\/site-packages\/kiln_pure\n/);
    expect(output.match(/^pip \d+\.[^\n]*\/tools\/pip-/gm)).toHaveLength(2);
    expect(output).toMatch(/\/env\/bin\/python\n/);
    expect(output).toContain("hello--\n");
  });

  test("standard output and error come in the order written", async () => {
    const { log } = await bench.run(command("for i in 1 2 3; do echo out $i; echo err $i >&2; done"));
    expect(log).toContain("out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n");
  });

  test.each([
    ["exit 3", Outcome.TESTS_FAILED, "the command ended with exit status 3"],
    ["kill -SEGV $$", Outcome.TESTS_FAILED, "the command crashed (SIGSEGV)"],
    ["kill -KILL $$", Outcome.OUT_OF_RESOURCES, "the command was killed by the system, most often for want of memory"],
    ["no-such-program --now", Outcome.TESTS_FAILED, "the command ended with exit status 127"],
  ])("the command %o says how it ended", async (text, outcome, summary) => {
    const { finished } = await bench.run(command(text));
    expect(finished).toMatchObject({ outcome, summary });
  });

  test.each([
    ["what the source does not have", ["nowhere"], "the source has no nowhere"],
    ["what lies outside the source", ["../x"], "not a path inside the source"],
  ])("test.files that name %s are a bad spec", async (_, files, reason) => {
    const { finished } = await bench.run(command("true", files));
    expect(finished).toMatchObject({ outcome: Outcome.BAD_SPEC, summary: expect.stringContaining(reason) });
  });

  test("test.files must not bring the package itself along", async () => {
    const flat = bench.blobs.add(packPurePackage(shared.path, { "kiln_pure/__init__.py": "", "setup.cfg": "" }));
    const check: CommandCheck = { kind: "command", command: "true", source: flat, files: ["kiln_pure"] };
    const { finished } = await bench.run(job(testWork(check)));
    expect(finished).toMatchObject({
      outcome: Outcome.BAD_SPEC,
      summary: expect.stringContaining("would be imported in place of the installed wheel"),
    });
  });

  test("a requirement that cannot be had fails the test with pip's reason", async () => {
    const check: CommandCheck = { kind: "command", command: "true", source, files: [] };
    const work = testWork(check, { requires: ["kiln-pure-no-such-thing==9.9"] });
    const { finished } = await bench.run(job(work, { env: { PIP_NO_INDEX: "1" } }));
    expect(finished.outcome).toBe(Outcome.TESTS_FAILED);
    expect(finished.summary).toContain("Could not find a version that satisfies the requirement");
  });

  test("a Python that this machine does not have is a matter of infrastructure", async () => {
    const { finished, steps } = await bench.run(build({ python: "3.99" }));
    expect(finished).toMatchObject({
      outcome: Outcome.INFRASTRUCTURE,
      summary: expect.stringContaining("no CPython 3.99"),
    });
    expect(steps).toEqual([]);
  });

  test("a source that is no archive fails the build", async () => {
    const bogus = { ...wheel, filename: "kiln-pure-1.0.tar.gz" };
    const { finished } = await bench.run(build({}, {}, bogus));
    expect(finished).toMatchObject({
      outcome: Outcome.BUILD_FAILED,
      summary: expect.stringContaining("cannot be unpacked"),
    });
  });

  test("output beyond the limit ends the job, visibly", async () => {
    const limits = { timeoutMs: 60_000, logBytesMax: 100_000 };
    const { finished, log } = await bench.run(command("while :; do echo flood flood flood; done", [], { limits }));
    expect(finished).toMatchObject({
      outcome: Outcome.OUT_OF_RESOURCES,
      summary: "it wrote more output than its limit of 97.7 KiB",
    });
    expect(Buffer.byteLength(log)).toBe(100_000);
    expect(log).toMatch(/the output limit of 97\.7 KiB is reached: the job is stopped and its output ends here\n$/);
    expect(Number(finished.logBytesDropped)).toBeGreaterThan(0);
    expect(bench.workFolders).toEqual([]);
  });

  test("what a command leaves running ends with it", async () => {
    const { finished, log } = await bench.run(command("sleep 1000 & echo left $!; exit 0"));
    expect(finished.outcome).toBe(Outcome.PASSED);
    expectGone(pidsIn(log));
  });

  /** Ignores SIGTERM, has a child in its group that does too, and one that left the group. */
  const STUBBORN = `
import os, signal, sys, time
def say():
    os.write(1, b"left %d\\n" % os.getpid())
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    say()
    time.sleep(1000)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        say()
        time.sleep(1000)
    os._exit(0)
say()
time.sleep(1000)
`;

  test.each([
    ["timed out", Outcome.TIMED_OUT],
    ["cancelled", Outcome.CANCELLED],
  ])(
    "a job that is %s leaves no process, not even those that ignore SIGTERM or left their group",
    async (how, outcome) => {
      const clock = new ManualClock();
      const local = newBench(clock);
      const stubborn = local.blobs.add(packPurePackage(local.folder, { "tests/stubborn.py": STUBBORN }));
      const check: CommandCheck = {
        kind: "command",
        command: "python tests/stubborn.py; true",
        source: stubborn,
        files: ["tests"],
      };
      const key = local.start(job(testWork(check)));
      await local.untilOutput(key, (text) => pidsIn(text).length === 3);
      if (how === "cancelled") local.attempts.stop(key, { kind: "cancelled", reason: "by hand" });
      else clock.advance(60_000);
      const { finished, log } = await local.end(key);
      expect(finished.outcome).toBe(outcome);
      const pids = pidsIn(log);
      expect(pids).toHaveLength(3);
      if (isLinux) expectGone(pids);
      expect(local.workFolders).toEqual([]);
    },
  );

  test.skipIf(!isLinux)("what an earlier agent process left running is found and ended", async () => {
    const local = newBench();
    const ref = { run: 9, job: 8, attempt: 7 };
    const env = { ...process.env, [COOKIE_VARIABLE]: attemptCookie(BENCH_AGENT, "9.8.7") };
    const stray = spawn("sleep", ["1000"], { env, detached: true, stdio: "ignore" });
    const grouped = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
    const other = spawn("sleep", ["1000"], {
      env: { ...env, [COOKIE_VARIABLE]: "other-agent/9.8.7" },
      stdio: "ignore",
    });
    const ends = [stray, grouped].map((child) => once(child, "exit"));
    const groups = [
      { pid: grouped.pid ?? 0, mark: processMark(grouped.pid ?? 0) ?? "" },
      { pid: other.pid ?? 0, mark: "of another process with this number" },
    ];
    await local.executor.clearLeftovers([{ ref, groups }]);
    expect((await Promise.all(ends)).map(([, signal]) => signal as string)).toEqual(["SIGKILL", "SIGKILL"]);
    expect(processMark(other.pid ?? 0)).not.toBeNull();
    other.kill("SIGKILL");
    await once(other, "exit");
  });
});

function pidsIn(log: string): number[] {
  return [...log.matchAll(/^left (\d+)$/gm)].map((match) => Number(match[1]));
}

/** What has ended and was not reaped yet has ended. */
function isRunning(pid: number): boolean {
  if (isLinux) return (processStat(pid)?.state ?? "Z") !== "Z";
  return processMark(pid) !== null;
}

function expectGone(pids: readonly number[]): void {
  expect(pids.length).toBeGreaterThan(0);
  for (const pid of pids) expect(isRunning(pid)).toBe(false);
}
