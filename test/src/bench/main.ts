// `pnpm bench`: what Kiln costs over its parts, side by side in one run. Figures
// of other machines and days do not compare; ratios of one run do.
import { join } from "node:path";
import { openFarmIdentity } from "@kiln/identity";
import { startNatsServer, temporaryFolder } from "@kiln/testkit";
import { Farm } from "../farm/farm.ts";
import { measureAgents, measureDeath } from "./agents-bench.ts";
import { measureTransfer } from "./artifact-transfer.ts";
import { measureContainerStarts } from "./container-start.ts";
import { measureCoverings } from "./covering-bench.ts";
import { openLatencyBench } from "./kiln-latency.ts";
import { measureBareWrites, measureBlob, measureDrain, measureLogs } from "./kiln-throughput.ts";
import { measurePlan } from "./plan-bench.ts";
import { RawJetStream } from "./raw-jetstream.ts";
import { printSdistTable } from "./real-sdists.ts";
import { describeMachine, mb, mbs, met, ms, perSecond, row, say, seconds, settleDisk } from "./report.ts";
import { measureGate } from "./gate-bench.ts";
import { measureSchedule } from "./schedule-bench.ts";
import { median, percentile } from "./statistics.ts";
import { measureVerdicts } from "./verdict-bench.ts";
import { TestJobBench, type TestJobRound } from "./test-job.ts";

const ROUNDS = 3;
/** More and shorter, because what the disk does beside a fsync differs from second to second. */
const LATENCY_ROUNDS = 9;
const WARM_UP_SAMPLES = 1_500;
const LATENCY_SAMPLES = 300;
const QUEUED_JOBS = 10_000;
const LOG_BYTES = 256 * 1024 * 1024;
const BLOB_BYTES = 256 * 1024 * 1024;
const MESSAGE_BYTES = 600;
const IN_FLIGHT = 64;
const AGENTS = 1_000;
const BEATS = 200;
const VERDICTS = 10_000;
const VERDICTS_MAX_MS = 5_000;
const DECISION_MAX_MS = 50;
const CONTAINER_SAMPLES = 100;
const TEST_JOB_ROUNDS = 9;
/** The marks of a test job over the same by hand. */
const TEST_JOB_OVERHEAD = { share: 0.15, ms: 2_000 };
const QUIET = { KILN_LOG_LEVEL: "warn" };

/** Both latencies, round by round in turn. */
async function latencies(): Promise<void> {
  using folder = temporaryFolder();
  const identity = await openFarmIdentity(join(folder.path, "identity"), { nowMs: Date.now() });
  await using server = await startNatsServer({ dir: folder.path, identity });
  await using raw = await RawJetStream.open(server.url, identity);
  await using farm = await Farm.start({ executor: "dummy", slots: 1, agents: [], env: QUIET });
  await using kiln = await openLatencyBench(farm);
  const samples = { raw: [] as number[], kiln: [] as number[] };
  // Both as they are in a process that has been up for a while: compiled, with open connections.
  await raw.latenciesMs(WARM_UP_SAMPLES, MESSAGE_BYTES);
  await kiln.latenciesMs(WARM_UP_SAMPLES);
  for (let round = 0; round < LATENCY_ROUNDS; round += 1) {
    samples.raw.push(...(await raw.latenciesMs(LATENCY_SAMPLES, MESSAGE_BYTES)));
    samples.kiln.push(...(await kiln.latenciesMs(LATENCY_SAMPLES)));
  }
  const ratio = percentile(samples.kiln, 0.5) / percentile(samples.raw, 0.5);
  row(
    "raw JetStream publish → deliver p50",
    ms(percentile(samples.raw, 0.5)),
    `p99 ${ms(percentile(samples.raw, 0.99))}`,
  );
  row(
    "Kiln submit → started p50",
    ms(percentile(samples.kiln, 0.5)),
    `p99 ${ms(percentile(samples.kiln, 0.99))}, ${ratio.toFixed(1)} × raw`,
  );
}

async function drain(): Promise<void> {
  const raws: number[] = [];
  const drains: Awaited<ReturnType<typeof measureDrain>>[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    using folder = temporaryFolder();
    const identity = await openFarmIdentity(join(folder.path, "identity"), { nowMs: Date.now() });
    await using server = await startNatsServer({ dir: folder.path, identity });
    await using raw = await RawJetStream.open(server.url, identity);
    raws.push(await raw.messagesPerSecond(QUEUED_JOBS, MESSAGE_BYTES, IN_FLIGHT));
    await using farm = await Farm.start({
      executor: "dummy",
      slots: IN_FLIGHT,
      agents: [],
      env: { ...QUIET, KILN_NO_AGENT_GRACE_MS: "600000" },
    });
    drains.push(await measureDrain(farm, QUEUED_JOBS));
  }
  const rate = median(drains.map((result) => result.jobsPerSecond));
  const raw = median(raws);
  row(`raw JetStream, ${IN_FLIGHT} in flight`, perSecond(raw));
  row(
    `Kiln durable no-op jobs, ${IN_FLIGHT} slots`,
    perSecond(rate),
    `${(rate / raw).toFixed(2)} × raw, ${drains[0]?.jobs} jobs`,
  );
  const [first] = drains;
  row("coordinator's memory, idle", mb(first?.idleMb ?? null));
  row(
    `coordinator's memory, ${first?.jobs} jobs queued`,
    mb(median(drains.map((result) => result.queuedMb ?? Number.NaN))),
  );
}

async function bytes(): Promise<void> {
  await using farm = await Farm.start({ executor: "dummy", slots: 1, env: QUIET });
  const logs: number[] = [];
  const bare: number[] = [];
  const blobs: Awaited<ReturnType<typeof measureBlob>>[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push(measureBareWrites(farm.dir, LOG_BYTES));
    settleDisk();
    logs.push(await measureLogs(farm, LOG_BYTES));
    settleDisk();
    blobs.push(await measureBlob(farm, BLOB_BYTES));
    settleDisk();
  }
  row("bare 64 KiB writes, synced every 8 MiB", mbs(median(bare)));
  row("Kiln logs, agent to durable", mbs(median(logs)), `${(median(logs) / median(bare)).toFixed(2)} × bare`);
  const sha256 = median(blobs.map((result) => result.sha256MbPerSecond));
  const put = median(blobs.map((result) => result.putMbPerSecond));
  row("SHA-256 of the same file", mbs(sha256));
  row("Kiln blob PUT, with SHA-256 and fsync", mbs(put), `${(put / sha256).toFixed(2)} × SHA-256 alone`);
  row("Kiln blob GET", mbs(median(blobs.map((result) => result.getMbPerSecond))));
}

/** Each plan in a process of its own, with the memory that it took there. */
function plans(): void {
  const matrices = [
    ["own-axes", "full"],
    ["own-axes", "pairwise"],
    ["torch-cuda", "full"],
    ["torch-cuda", "pairwise"],
  ] as const;
  for (const [matrix, reduction] of matrices) {
    const rounds = Array.from({ length: ROUNDS }, () => measurePlan(matrix, reduction));
    const [first] = rounds;
    row(
      `plan of 100,000 cells, ${matrix}, ${reduction}`,
      ms(median(rounds.map((result) => result.planMs))),
      `${mb(median(rounds.map((result) => result.peakRssMb)))} at most; ${first?.cells} planned, ${first?.excluded} excluded, ${first?.jobs} jobs`,
    );
  }
}

/** Every mark's size beside the fewest rows known; the times are of one core. */
function coverings(): void {
  const results = measureCoverings();
  for (const { mark, rows, ms: took } of results) {
    const name = `covering array ${mark.name}, ${mark.strength}-wise`;
    row(name, `${rows} rows`, `${ms(took)}; at most ${mark.rowsMax}, best known ${mark.rowsBest}`);
  }
  row("all covering arrays", ms(results.reduce((total, result) => total + result.ms, 0)));
}

async function containerStarts(): Promise<void> {
  const measured = await measureContainerStarts(CONTAINER_SAMPLES);
  if (!measured.ok) return row("container start to first output", "not measured", measured.reason);
  const { bareMs, kilnMs } = measured.value;
  const p50 = { bare: percentile(bareMs, 0.5), kiln: percentile(kilnMs, 0.5) };
  row("bare container, start to first output p50", ms(p50.bare), `p99 ${ms(percentile(bareMs, 0.99))}`);
  row(
    "Kiln's container, start to first output p50",
    ms(p50.kiln),
    `p99 ${ms(percentile(kilnMs, 0.99))}, ${(p50.kiln / p50.bare).toFixed(2)} × bare`,
  );
}

async function artifacts(): Promise<void> {
  await using farm = await Farm.start({ executor: "dummy", slots: 1, agents: [], env: QUIET });
  const rounds: Awaited<ReturnType<typeof measureTransfer>>[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.push(await measureTransfer(farm, BLOB_BYTES));
    settleDisk();
  }
  const sha256 = median(rounds.map((result) => result.sha256MbPerSecond));
  const up = median(rounds.map((result) => result.uploadMbPerSecond));
  const down = median(rounds.map((result) => result.downloadMbPerSecond));
  row("SHA-256 of the same file", mbs(sha256));
  row("artifact, agent → coordinator, hashed twice", mbs(up), `${(up / sha256).toFixed(2)} × SHA-256 alone`);
  row("artifact, coordinator → job, hashed twice", mbs(down), `${(down / sha256).toFixed(2)} × SHA-256 alone`);
}

/** A test job and the same by hand, in turn, after one round of each for the caches. */
async function testJobs(): Promise<void> {
  await using farm = await Farm.start({ executor: "host", slots: 1, upstream: true, env: QUIET });
  const bench = await TestJobBench.open(farm);
  await bench.round();
  const rounds: TestJobRound[] = [];
  for (let round = 0; round < TEST_JOB_ROUNDS; round += 1) rounds.push(await bench.round());
  const plain = (part: keyof TestJobRound["plain"]): number => median(rounds.map((result) => result.plain[part]));
  const byHand = median(rounds.map(({ plain }) => plain.environmentMs + plain.installMs + plain.testMs));
  const job = median(rounds.map((result) => result.jobMs));
  row(
    `by hand: venv, pip install, pytest (${bench.python})`,
    seconds(byHand),
    `${seconds(plain("environmentMs"))} + ${seconds(plain("installMs"))} + ${seconds(plain("testMs"))}`,
  );
  const mark = (jobMs: number, handMs: number): string => {
    const overMs = jobMs - handMs;
    const share = overMs / handMs;
    const isMet = share < TEST_JOB_OVERHEAD.share && overMs < TEST_JOB_OVERHEAD.ms;
    return `${overMs < 0 ? "" : "+"}${seconds(overMs)}, ${(share * 100).toFixed(0)} %; under 15 % and 2 s: ${met(isMet)}`;
  };
  row("Kiln's test job of the same wheel", seconds(job), mark(job, byHand));
  const inHand = median(rounds.map(({ plain }) => plain.installMs + plain.testMs));
  const inJob = median(rounds.map((result) => result.jobMs - environmentMs(result)));
  row("  both without making the environment", seconds(inJob), mark(inJob, inHand));
  const titles = rounds[0]?.steps.keys() ?? [];
  for (const title of titles) row(`  ${title}`, seconds(median(rounds.map(({ steps }) => steps.get(title) ?? 0))));
}

function environmentMs({ steps }: TestJobRound): number {
  for (const [title, tookMs] of steps) if (title.startsWith("make an environment")) return tookMs;
  throw new Error("the job made no environment");
}

/** The mark: 10,000 verdicts in under 5 s. */
function verdicts(): void {
  for (const cells of [1, 20]) {
    const { verdicts: made, gates, tookMs } = measureVerdicts(VERDICTS, cells);
    const mark = `under 5 s: ${met(tookMs < VERDICTS_MAX_MS)}`;
    row(`${made} verdicts by ${gates} gates, facts of ${cells} cells`, seconds(tookMs), mark);
  }
}

/** The mark: a decision in under 50 ms. */
function decisions(): void {
  const { agents: count, jobs, overBound, tookMs } = measureSchedule();
  const longest = tookMs.reduce((most, one) => Math.max(most, one), 0);
  const shown = `p50 ${ms(percentile(tookMs, 0.5))}, p99 ${ms(percentile(tookMs, 0.99))}`;
  const mark = `${shown}; under ${DECISION_MAX_MS} ms: ${met(longest < DECISION_MAX_MS)}`;
  row(`the longest decision, ${jobs} jobs on ${count} agents`, ms(longest), mark);
  row("  their makespan over the lower bound", overBound.toFixed(3), `under 1.10: ${met(overBound < 1.1)}`);
}

/** Marks: 2,000 agents at a heartbeat every 10 s, and a death noticed within its lease and a second. */
async function agents(): Promise<void> {
  const { joinsPerSecond, mbPerThousand, beatsPerCpuSecond, online } = await measureAgents(AGENTS, BEATS);
  row("machines that join", perSecond(joinsPerSecond), `${AGENTS} machines, 16 at once`);
  row("coordinator's memory for 1,000 agents", mb(mbPerThousand));
  const held = beatsPerCpuSecond ?? Number.NaN;
  const mark = `2,000 agents at 10 s take ${(20_000 / held).toFixed(1)} % of a core; ${online} of ${AGENTS} online`;
  row("heartbeats in a second of CPU time", perSecond(held), mark);
  for (const leaseMs of [1_000, 3_000]) {
    const { reassignedMs } = await measureDeath(leaseMs);
    const over = `${seconds(leaseMs)} of lease, mark lease + 1 s: ${met(reassignedMs <= leaseMs + 1_000)}`;
    row("from an agent's death to the next attempt", seconds(reassignedMs), over);
  }
}

/** In the order in which they are run when none is named. */
const PARTS: Readonly<Record<string, () => void | Promise<void>>> = {
  coverings,
  plans,
  verdicts,
  schedule: decisions,
  latencies,
  drain,
  agents,
  bytes,
  artifacts,
  containers: containerStarts,
  "test-jobs": testJobs,
};
/** Not a comparison of speeds, and minutes long: only when named. */
const MORE_PARTS: typeof PARTS = { sdists: printSdistTable, gate: measureGate };

const named = process.argv.slice(2);
const known = { ...PARTS, ...MORE_PARTS };
const unknown = named.filter((name) => !Object.hasOwn(known, name));
if (unknown.length > 0) {
  say(`There is no benchmark ${unknown.join(", ")}. There are: ${Object.keys(known).join(", ")}.`);
  process.exitCode = 64;
} else {
  describeMachine();
  say(`medians of ${ROUNDS} rounds or more (latencies: of all samples), the compared things in turn\n`);
  for (const name of named.length > 0 ? named : Object.keys(PARTS)) await known[name]?.();
}
