import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import type { MeasureReport, Report, VerdictView } from "@kiln/proto";
import { temporaryFolder } from "@kiln/testkit";
import type { FrameBody } from "../../domain/frame.ts";
import type { Outcome } from "../../domain/outcome.ts";
import type { Blob } from "../../domain/rows.ts";
import { wheel as makeWheel, type WheelText } from "../../domain/staging/testing.ts";
import { TESTER } from "../../domain/testing.ts";
import { FakePeer, type Services } from "../testing.ts";

// Runs of one candidate, `demo` 1.4.0, whose jobs are ended by hand.

export interface CandidateText {
  /** 1.4.0 unless told otherwise. */
  readonly version?: string;
  readonly spec: string;
  /** Of its source, by path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** What a job of a kind ends with; it passes unless told otherwise. */
export interface JobEnd {
  readonly outcome?: Outcome;
  readonly reports?: readonly Report[];
  /** Artifacts by name, with their role. */
  readonly artifacts?: Readonly<Record<string, { readonly role: string; readonly bytes: Uint8Array }>>;
}

export type JobEnds = Readonly<Partial<Record<"build" | "test" | "scan" | "check" | "bench" | "profile", JobEnd>>>;

export function builtWheel(text: WheelText = {}): JobEnd {
  const { version = "1.4.0" } = text;
  const name = `demo-${version}-py3-none-any.whl`;
  return { artifacts: { [name]: { role: "wheel", bytes: makeWheel({ ...text, version }) } } };
}

/** Submits it, ends all of its jobs, and waits for what the judge says. */
export async function judgedRun(services: Services, candidate: CandidateText, ends: JobEnds = {}): Promise<number> {
  const run = await submitted(services, candidate);
  await endJobs(services, run, ends);
  await services.judge.idle();
  return run;
}

export async function submitted(
  services: Services,
  { version = "1.4.0", spec, files = {} }: CandidateText,
): Promise<number> {
  await services.register("a", 8);
  const source = await stored(services, "demo-1.4.0.tar.gz", packed(files));
  const outcome = await services.commands.submit(
    {
      spec: `matrix: {os: [linux-x86_64], python: ["3.12"]}\nbuild: {wheel: pure}\n${spec}`,
      specFile: "kiln.yaml",
      source,
      candidate: { name: "demo", version, requiresPython: null, factsFrom: "PKG-INFO", origin: "here" },
      reuse: "never",
    },
    TESTER,
  );
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  return outcome.run;
}

export async function endJobs(services: Services, run: number, ends: JobEnds = {}): Promise<void> {
  const rows = await services.store.jobs(run);
  for (const { job, kind } of rows) {
    const row = await services.store.job(run, job);
    // A test whose build failed has ended with it.
    if (row?.state === "finished") continue;
    const {
      outcome = "passed",
      reports = [],
      artifacts = {},
    } = { ...(kind === "build" ? builtWheel() : {}), ...ends[kind as "build"] };
    const bodies: FrameBody[] = [{ type: "started", pythonVersion: "3.12.1" }];
    for (const [name, { role, bytes }] of Object.entries(artifacts)) {
      bodies.push({ type: "artifact", role, blob: await stored(services, name, bytes) });
    }
    for (const report of reports) bodies.push({ type: "report", report });
    bodies.push({ type: "finished", outcome, summary: "", excerpt: "", logBytesDropped: 0 });
    const attempt = row?.attempts ?? 1;
    const peer = new FakePeer("a");
    const frames = bodies.map((body, index) => ({ seq: index + 1, atMs: 0, body }));
    await services.ingest.accept(peer, [{ key: { run, job, attempt }, frames }]);
    await peer.until(() => peer.acks.some(({ seq }) => seq === bodies.length));
  }
}

/** What an attempt at the bench job measures: pairs of which the candidate takes so many times as long. */
export function measured(
  pairs: number,
  slower: number,
  baseline: string | null = "1.3.2",
  more: Partial<MeasureReport> = {},
): JobEnd {
  const processes: MeasureReport["processes"] = [];
  const artifacts: Record<string, { role: string; bytes: Uint8Array }> = {};
  for (let pair = 1; pair <= pairs; pair += 1) {
    const arms = pair % 2 === 1 ? (["baseline", "candidate"] as const) : (["candidate", "baseline"] as const);
    for (const arm of arms.filter((one) => baseline !== null || one === "candidate")) {
      const seconds = (1 + pair / 1_000) * (arm === "candidate" ? slower * (1 + ((pair * 37) % 10) / 5_000) : 1);
      const row = { benchmark: "fib", metric: "time", unit: "s", better: "lower", samples: [seconds] };
      const text = [{ kiln: "benchmarks/1" }, row, { end: 1 }].map((one) => JSON.stringify(one)).join("\n");
      const file = `pair-${pair}-${arm}-bench.json`;
      artifacts[file] = { role: "benchmark", bytes: Buffer.from(text) };
      const stamp = { gpu: null, foreignCpu: 0 };
      processes.push({ arm, pair, exitCode: 0, durationMs: 1_000, stamp, files: [file], disturbed: "" });
    }
  }
  return { artifacts, reports: [{ kind: "measure", baseline, processes, ...more }] };
}

export async function verdictOf(services: Services, run: number): Promise<VerdictView> {
  const found = await services.verdicts.verdict(run);
  if (!found.ok) throw new Error(JSON.stringify(found));
  return found.view;
}

/** `G13 pass`, in the order of the catalogue. */
export function outcomes({ gates }: VerdictView): readonly string[] {
  return gates.map(({ id, outcome }) => `${id} ${outcome}`);
}

async function stored(services: Services, filename: string, bytes: Uint8Array): Promise<Blob> {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  await services.blobs.put(sha256, Readable.from([bytes]));
  return { sha256, sizeBytes: bytes.byteLength, filename };
}

function packed(files: Readonly<Record<string, string>>): Buffer {
  using folder = temporaryFolder();
  for (const [name, text] of Object.entries({ "demo.py": "", ...files })) {
    const path = join(folder.path, "demo-1.4.0", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return execFileSync("tar", ["-C", folder.path, "-czf", "-", "demo-1.4.0"]);
}
