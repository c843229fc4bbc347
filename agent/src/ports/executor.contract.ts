import { createHash, randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { job as wire } from "@kiln/proto";
import { beforeAll, describe, expect, test } from "vitest";
import type { Blob, CommandCheck, Job } from "../domain/job.ts";
import type { HostBench } from "../testing/host-bench.ts";
import type { LocalBlobs } from "../testing/local-blobs.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { packPurePackage } from "../testing/pure-package.ts";
import type { ExecutionSink, Executor, ProcessGroup } from "./executor.ts";

const { Outcome } = wire;
const CANDIDATE = { name: "kiln-pure", version: "1.0" };

/** Forks a child that leaves the process group, ignores SIGTERM in both, and stays. */
const STUBBORN = `
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
os.write(1, ("ready %s\\n" % sys.argv[1]).encode())
time.sleep(1000)
`;

/** Writes numbered lines, as many bytes as it is told, as fast as it can. */
const FLOOD = `
import sys
left = int(sys.argv[1])
number = 0
while left > 0:
    block = "".join("line %09d\\n" % (number + i) for i in range(5000)).encode()[:left]
    number += 5000
    left -= len(block)
    sys.stdout.buffer.write(block)
`;

export interface ExecutorUnderTest {
  /** Feature version of a CPython that it has. */
  readonly python: string;
  readonly blobs: LocalBlobs;
  /** A bench around a new executor of the agent `BENCH_AGENT`. */
  bench(clock?: ManualClock): HostBench;
}

/** What every executor of jobs does. `make` is called once, before the tests. Linux only: it looks for processes in /proc. */
export function executorContract(name: string, make: () => Promise<ExecutorUnderTest>): void {
  describe(`the ${name} executor`, { timeout: 60_000 }, () => {
    let under: ExecutorUnderTest;
    let bench: HostBench;
    let source: Blob;

    beforeAll(async () => {
      under = await make();
      bench = under.bench();
      const changes = { "tests/stubborn.py": STUBBORN, "tests/flood.py": FLOOD };
      source = under.blobs.add(packPurePackage(bench.folder, changes));
    }, 300_000);

    const job = (work: Job["work"], changes: Partial<Job> = {}): Job => {
      const limits = { timeoutMs: 60_000, logBytesMax: 1_000_000 };
      return { name: "job", python: under.python, env: {}, limits, work, ...changes };
    };
    const command = (text: string, files: readonly string[] = [], changes: Partial<Job> = {}): Job => {
      const check: CommandCheck = { kind: "command", command: text, source, files };
      return job({ kind: "command", check, requires: [], wheel: null }, changes);
    };

    test("builds a wheel, and tests that file in a fresh environment", async () => {
      const build = job({
        kind: "build",
        source,
        candidate: CANDIDATE,
        configSettings: {},
        frontend: "pip",
        checkReproducible: false,
        wheel: null,
      });
      const built = await bench.run(build);
      expect(built.finished).toMatchObject({ outcome: Outcome.PASSED, summary: "" });
      const blob = built.artifacts[0]?.blob;
      const wheel = { sha256: blob!.sha256, sizeBytes: Number(blob!.sizeBytes), filename: blob!.filename };
      const results = `printf '<testsuite tests="1"><testcase name="a"/></testsuite>' > "$KILN_RESULTS/own.xml"`;
      for (const check of [
        { kind: "import" } as const,
        { kind: "command", command: results, source, files: [] } as const,
        { kind: "command", command: "python tests/check.py", source, files: ["tests"] } as const,
      ]) {
        const tested = await bench.run(
          job({
            kind: "test",
            wheel,
            candidate: CANDIDATE,
            extras: [],
            requires: [],
            index: null,
            torch: null,
            check,
            repeatFailed: 0,
          }),
        );
        expect(tested.finished).toMatchObject({ outcome: Outcome.PASSED, summary: "" });
        // What the command leaves in the folder of its results is read, wherever it ran.
        const reports = "command" in check && check.command === results ? [{ tests: 1, passed: 1 }] : [];
        expect(tested.reports).toMatchObject(reports);
        expect(tested.artifacts.map(({ role }) => role)).toEqual(reports.map(() => "junit"));
        expect(tested.pythonVersion).toMatch(new RegExp(`^${under.python.replace(".", "\\.")}\\.\\d+$`));
      }
      expect(bench.workFolders).toEqual([]);
    });

    test("a command that fails fails its job, with its exit status", async () => {
      const { finished, exitCodes } = await bench.run(command("exit 3"));
      expect(finished).toMatchObject({ outcome: Outcome.TESTS_FAILED });
      expect(finished.summary).toContain("exit status 3");
      expect(exitCodes.at(-1)).toBe(3);
      expect(bench.workFolders).toEqual([]);
    });

    test("a program that crashes is told from one that fails", async () => {
      const { finished } = await bench.run(command("kill -SEGV $$"));
      expect(finished.summary).toContain("crashed (SIGSEGV)");
    });

    test("standard output and error come in the order written, byte for byte", async () => {
      const text = String.raw`printf '\033[31mred\033[0m\n'; printf 'not UTF-8: \377\376\n' >&2; echo end`;
      const attempt = directly(bench.executor, command(text));
      await attempt.ended;
      const bytes = Buffer.concat(attempt.output);
      const expected = Buffer.from("\u001b[31mred\u001b[0m\nnot UTF-8: \u00ff\u00fe\nend\n", "latin1");
      expect(bytes.subarray(bytes.indexOf(expected)).subarray(0, expected.length)).toEqual(expected);
    });

    test("a flood of output comes whole and in order, and is held back while it is not wanted", async () => {
      const bytesMax = 20_000_000;
      const limits = { timeoutMs: 60_000, logBytesMax: 100_000_000 };
      const attempt = directly(bench.executor, command(`python tests/flood.py ${bytesMax}`, ["tests"], { limits }), {
        isSlow: true,
      });
      await attempt.ended;
      const flood = Buffer.concat(attempt.output).toString("latin1");
      const expected = numberedLines(bytesMax);
      const begin = flood.indexOf("line 000000000\n");
      const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
      expect(digest(flood.slice(begin, begin + bytesMax))).toBe(digest(expected));
      // What was given after a "no more" had been read before it was said: never more than a few buffers.
      expect(attempt.bytesUnasked()).toBeLessThan(2_000_000);
    });

    test("output beyond the limit ends the job, visibly", async () => {
      const limits = { timeoutMs: 60_000, logBytesMax: 100_000 };
      const { finished, log } = await bench.run(command("while :; do echo flood flood; done", [], { limits }));
      expect(finished).toMatchObject({ outcome: Outcome.OUT_OF_RESOURCES });
      expect(Buffer.byteLength(log)).toBe(100_000);
      expect(log).toMatch(/the output limit of 97\.7 KiB is reached: the job is stopped and its output ends here\n$/);
      expect(bench.workFolders).toEqual([]);
    });

    test("what a command leaves running ends with it", async () => {
      const marker = `1000.${Date.now() % 1e6}1`;
      const { finished } = await bench.run(command(`sleep ${marker} & exit 0`));
      expect(finished.outcome).toBe(Outcome.PASSED);
      expect(processesWith(marker)).toEqual([]);
    });

    test.each([
      ["timed out", Outcome.TIMED_OUT],
      ["cancelled", Outcome.CANCELLED],
    ])("a job that is %s is gone, with all that ignores SIGTERM and forked", async (how, outcome) => {
      const clock = new ManualClock();
      const local = under.bench(clock);
      const marker = randomUUID();
      const key = local.start(command(`python tests/stubborn.py ${marker}; true`, ["tests"]));
      await local.untilOutput(key, (text) => text.split(`ready ${marker}\n`).length === 3);
      expect(processesWith(marker).length).toBeGreaterThanOrEqual(2);
      if (how === "cancelled") local.attempts.stop(key, { kind: "cancelled", reason: "by hand" });
      else clock.advance(60_000);
      const { finished } = await local.end(key);
      expect(finished.outcome).toBe(outcome);
      expect(processesWith(marker)).toEqual([]);
      expect(local.workFolders).toEqual([]);
    });

    test("a job that is stopped at once, and twice, ends once", async () => {
      const attempt = directly(bench.executor, command("sleep 1000"));
      attempt.stop();
      attempt.stop();
      await attempt.ended;
      expect(attempt.ends()).toBe(1);
      expect(bench.workFolders).toEqual([]);
    });

    test("what an earlier process of the agent left running is found and ended, and its folders are removed", async () => {
      const marker = randomUUID();
      const earlier = under.bench();
      const groups: ProcessGroup[] = [];
      const attempt = directly(earlier.executor, command(`python tests/stubborn.py ${marker}; true`, ["tests"]), {
        processGroup: (group) => groups.push(group),
      });
      await attempt.untilOutput(`ready ${marker}\nready ${marker}\n`);
      expect(processesWith(marker).length).toBeGreaterThanOrEqual(2);
      // A new process knows of the old one only what was spooled.
      const later = under.bench();
      await later.executor.clearLeftovers([{ ref: attempt.ref, groups }]);
      expect(processesWith(marker)).toEqual([]);
      expect(later.workFolders).toEqual([]);
      await attempt.ended;
    });
  });
}

let lastJob = 1_000;

interface Direct {
  readonly ref: { readonly run: number; readonly job: number; readonly attempt: number };
  readonly output: readonly Buffer[];
  readonly ended: Promise<void>;
  ends(): number;
  stop(): void;
  untilOutput(text: string): Promise<void>;
  /** Most bytes that came between a "no more" and its `drained`. */
  bytesUnasked(): number;
}

/** Runs a job with a sink that keeps everything, and, when it is slow, takes one piece at a time. */
function directly(
  executor: Executor,
  job: Job,
  options: { readonly isSlow?: boolean; readonly processGroup?: (group: ProcessGroup) => void } = {},
): Direct {
  const ref = { run: 1, job: lastJob++, attempt: 1 };
  const output: Buffer[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const readers = new Set<() => void>();
  let ends = 0;
  let isHeld = false;
  let unasked = 0;
  let unaskedMost = 0;
  const sink: ExecutionSink = {
    started: () => undefined,
    stepStarted: () => undefined,
    stepFinished: () => undefined,
    output: (bytes) => {
      if (isHeld) unasked += bytes.length;
      unaskedMost = Math.max(unaskedMost, unasked);
      output.push(Buffer.from(bytes));
      for (const reader of readers) reader();
      if (options.isSlow) isHeld = true;
      return !isHeld;
    },
    drained: (listener) => {
      setImmediate(() => {
        isHeld = false;
        unasked = 0;
        listener();
      });
    },
    artifact: () => undefined,
    report: () => undefined,
    pauseTime: () => () => undefined,
    processGroup: options.processGroup ?? (() => undefined),
    stepOutputTail: () => "",
    ended: () => {
      ends++;
      resolve();
    },
  };
  const execution = executor.start({ ref, job }, sink);
  const untilOutput = (text: string): Promise<void> =>
    new Promise((found, reject) => {
      const look = (): void => {
        if (Buffer.concat(output).toString("latin1").includes(text)) found();
      };
      readers.add(look);
      void ended.then(() => reject(new Error(`it ended before: ${Buffer.concat(output).toString()}`)));
      look();
    });
  return {
    ref,
    output,
    ended,
    ends: () => ends,
    stop: () => execution.stop(),
    untilOutput,
    bytesUnasked: () => unaskedMost,
  };
}

function numberedLines(bytes: number): string {
  let text = "";
  for (let number = 0; text.length < bytes; number++) text += `line ${String(number).padStart(9, "0")}\n`;
  return text.slice(0, bytes);
}

/** Processes of this machine, in whatever container, that carry a text in their arguments. */
function processesWith(marker: string): number[] {
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(marker) ? [pid] : [];
    } catch {
      return [];
    }
  });
}
