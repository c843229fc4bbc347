import { job as wire } from "@kiln/proto";
import { temporaryFolder } from "@kiln/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Blob, Job } from "../../domain/job.ts";
import type { Interpreter } from "../../domain/interpreter.ts";
import type { Executor } from "../../ports/executor.ts";
import { HostBench } from "../../testing/host-bench.ts";
import { LocalBlobs } from "../../testing/local-blobs.ts";
import { packPurePackage } from "../../testing/pure-package.ts";
import { HostRunner } from "./host-runner.ts";
import { JobRun, type JobRunParts } from "./job-run.ts";
import { PipTool } from "./pip-tool.ts";
import { RepairTools } from "./repair-tools.ts";
import { readPythons } from "../inventory/read-pythons.ts";

const { Outcome } = wire;
const VALUE = 'correct-horse-battery&"staple"';

const shared = temporaryFolder();
const { pythons } = await readPythons(process.env, `${shared.path}/pythons.json`);
const newest = pythons.at(-1) as Interpreter;
if (!newest) console.warn("skipped: this machine has no usable CPython");
const stack = new DisposableStack();
stack.use(shared);
afterAll(() => stack.dispose());

describe.skipIf(!newest || process.platform === "win32")("the secrets of a job on a host", { timeout: 60_000 }, () => {
  let bench: HostBench;
  let source: Blob;

  beforeAll(() => {
    const secrets = { ok: true, values: { A_TOKEN: VALUE } } as const;
    bench = stack.use(new HostBench(pythons, { tools: `${shared.path}/tools`, blobs: new LocalBlobs(), secrets }));
    source = bench.blobs.add(packPurePackage(shared.path));
  });

  function job(work: Job["work"], secrets: readonly string[] = ["A_TOKEN"]): Job {
    const limits = { timeoutMs: 60_000, logBytesMax: 1_000_000 };
    return { name: "job", python: newest.feature, env: { PLAIN: "seen" }, secrets, limits, work };
  }
  function command(text: string, secrets?: readonly string[]): Job {
    const check = { kind: "command", command: text, source, files: [] } as const;
    return job({ kind: "command", check, requires: [], wheel: null }, secrets);
  }

  test("are in the environment of its command, and nowhere in its log, in whatever pieces it is written", async () => {
    const script = [
      "import os, sys, time, base64, urllib.parse, html",
      "value = os.environ['A_TOKEN']",
      "print(len(value), os.environ['PLAIN'])",
      "[(sys.stdout.write(char), sys.stdout.flush()) for char in 'in pieces: ' + value + chr(10)]",
      "print(value * 3, base64.b64encode(b'kiln:' + value.encode()).decode(), urllib.parse.quote(value), html.escape(value))",
      "sys.exit('it fails with ' + value)",
    ].join("; ");
    const { finished, log } = await bench.run(command(`python -c "${script.replaceAll('"', '\\"')}"`));
    expect(finished.outcome).toBe(Outcome.TESTS_FAILED);
    expect(log).toContain(`${VALUE.length} seen`);
    expect(log).toContain("in pieces: ***\n");
    const all = log + finished.summary + finished.excerpt;
    expect(all).toContain("it fails with ***");
    for (const part of [VALUE, "correct-horse", "staple", Buffer.from(VALUE).toString("base64").slice(4, 20)]) {
      expect(all).not.toContain(part);
    }
  });

  test("are a step of the log's, by name, and jobs that name none have no such step", async () => {
    const named = await bench.run(command("true"));
    expect(named.steps[0]).toBe("fetch the job's secrets");
    expect(named.log).toContain("its commands find A_TOKEN in variables of these names");
    const none = await bench.run(command('test -z "${A_TOKEN-}"', []));
    expect(none.finished.outcome).toBe(Outcome.PASSED);
    expect(none.steps).not.toContain("fetch the job's secrets");
  });

  test("are not in the files of results that are kept, also as XML escapes them", async () => {
    const work = (check: string): Job =>
      job({
        ...{ kind: "test", wheel: built, candidate: { name: "Kiln.Pure", version: "1.0.0" }, extras: [], requires: [] },
        ...{ index: null, torch: null, repeatFailed: 0 },
        check: { kind: "command", command: check, source, files: [] },
      });
    const [artifact] = (await bench.run(buildJob())).artifacts;
    if (!artifact?.blob) throw new Error("the wheel was not built");
    const { sha256, sizeBytes, filename } = artifact.blob;
    const built: Blob = { sha256, sizeBytes: Number(sizeBytes), filename };
    const write = [
      "import os, pathlib, xml.sax.saxutils as s",
      "value = s.escape(os.environ['A_TOKEN'], {chr(34): '&quot;'})",
      "text = '<testsuite tests=~1~ failures=~0~ errors=~0~ skipped=~0~><testcase name=~t~><system-out>' + value + '</system-out></testcase></testsuite>'",
      "pathlib.Path(os.environ['KILN_RESULTS'], 'junit.xml').write_text(text.replace('~', chr(34)))",
    ].join("; ");
    const result = await bench.run(work(`python -c "${write}"`));
    expect(result.finished).toMatchObject({ outcome: Outcome.PASSED });
    const [junit] = result.artifacts;
    const kept = bench.blobs.get(junit?.blob?.sha256 ?? "");
    expect(kept?.toString()).toContain("<system-out>***</system-out>");
  });

  test("are in the environment of the job's own commands, and not of what installs something", async () => {
    const seen = new Map<string, boolean>();
    const secrets = { ok: true, values: { A_TOKEN: VALUE } } as const;
    const pip = new PipTool(`${shared.path}/tools`);
    const executor = (parts: JobRunParts): Executor => ({
      ...{ name: "host", kinds: ["check", "build"], clearLeftovers: async () => {} },
      start: (request, sink) => {
        const repair = new RepairTools(`${shared.path}/repair`, pythons, pip);
        const runner = new HostRunner(newest, { pip, repair }, "cookie", parts.log);
        const { start } = runner;
        runner.start = (spec, step, ...rest) => {
          seen.set(step, Object.values(spec.env).includes(VALUE));
          return start.call(runner, spec, step, ...rest);
        };
        const run = new JobRun(request, runner, sink, parts);
        void run.perform();
        return { stop: () => run.stop() };
      },
    });
    using watched = new HostBench(pythons, { tools: `${shared.path}/tools`, blobs: bench.blobs, secrets, executor });
    await watched.run(buildJob());
    const check = { kind: "command", command: "true", source, files: [] } as const;
    await watched.run(job({ kind: "command", check, requires: ["./nothing-that-is-there"], wheel: null }));
    await watched.run(command("true"));
    expect(Object.fromEntries(seen)).toEqual({
      "make-environment": false,
      "build-wheel": true,
      "install-requires": false,
      "run-command": true,
    });
  });

  test("that cannot be had end the job as infrastructure, before anything of it runs", async () => {
    using without = new HostBench(pythons, { tools: `${shared.path}/tools`, blobs: bench.blobs });
    const { finished, steps, log } = await without.run(command("echo it runs"));
    expect(finished).toMatchObject({
      outcome: Outcome.INFRASTRUCTURE,
      summary: "the secrets A_TOKEN cannot be had: this bench has none",
    });
    expect(steps).toEqual(["fetch the job's secrets"]);
    expect(log).not.toContain("it runs");
  });

  function buildJob(): Job {
    return job({
      ...{ kind: "build", source, candidate: { name: "Kiln.Pure", version: "1.0.0" }, configSettings: {} },
      ...{ frontend: "pip", checkReproducible: false, wheel: null },
    });
  }
});
