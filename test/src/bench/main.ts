// `pnpm bench`: what Kiln costs over its parts, side by side in one run. Figures
// of other machines and days do not compare; ratios of one run do.
import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { startNatsServer, temporaryFolder } from "@kiln/testkit";
import { Farm } from "../farm/farm.ts";
import { measureCoverings } from "./covering-bench.ts";
import { openLatencyBench } from "./kiln-latency.ts";
import { measureBareWrites, measureBlob, measureDrain, measureLogs } from "./kiln-throughput.ts";
import { measurePlan } from "./plan-bench.ts";
import { RawJetStream } from "./raw-jetstream.ts";
import { median, percentile } from "./statistics.ts";

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
const QUIET = { KILN_LOG_LEVEL: "warn" };

function say(text = ""): void {
  process.stdout.write(`${text}\n`);
}

function row(name: string, value: string, against = ""): void {
  say(`${name.padEnd(46)} ${value.padStart(14)}   ${against}`);
}

const ms = (value: number): string => `${value.toFixed(2)} ms`;
const perSecond = (value: number): string => `${Math.round(value).toLocaleString("en")}/s`;
const mb = (value: number | null): string => (value === null ? "not known" : `${Math.round(value)} MB`);
const mbs = (value: number): string => `${Math.round(value)} MB/s`;

function describeMachine(): void {
  const [cpu] = cpus();
  say(
    `${cpu?.model ?? "a CPU"}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}, Node ${process.version}`,
  );
  say(`medians of ${ROUNDS} rounds (latencies: of all samples of ${LATENCY_ROUNDS}), the compared things in turn\n`);
}

/** What one measurement left to be written must not be paid for by the next. */
function settleDisk(): void {
  if (process.platform !== "win32") execFileSync("sync");
}

/** Both latencies, round by round in turn. */
async function latencies(): Promise<void> {
  using folder = temporaryFolder();
  await using server = await startNatsServer({ dir: folder.path, token: "bench" });
  await using raw = await RawJetStream.open(server.url, "bench");
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
    await using server = await startNatsServer({ dir: folder.path, token: "bench" });
    await using raw = await RawJetStream.open(server.url, "bench");
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

describeMachine();
coverings();
plans();
await latencies();
await drain();
await bytes();
