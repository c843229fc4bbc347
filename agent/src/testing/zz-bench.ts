import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { create } from "@bufbuild/protobuf";
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { job as jobWire, SUBJECTS } from "@kiln/proto";
import { FakeFarm } from "./fake-farm.ts";
const farm = await FakeFarm.start();
(farm.coordinator.terms as any).heartbeatIntervalMs = 2000;
(farm.coordinator.terms as any).windowBytes = 8*1024*1024;
const child = spawn(process.execPath, [...(process.env["PROF"]?["--cpu-prof","--cpu-prof-dir=/tmp/kagent/prof"]:[]), "agent/src/main.ts"], { env: { ...process.env, ...farm.env, KILN_SLOTS: "64", KILN_LOG_LEVEL: "warn" }, stdio: ["ignore", "pipe", "inherit"] });
let agentId = "";
for await (const line of createInterface({ input: child.stdout })) { agentId = JSON.parse(line).agentId; break; }
await farm.prepare(agentId);
const nc = await connect({ servers: farm.config.natsUrl, token: "farm-token" });
const js = jetstream(nc);
const N = Number(process.argv[2] ?? 20000);
const blob = { sha256: "0".repeat(64), sizeBytes: 1n, filename: "pkg-1.0-py3-none-any.whl" };
function msg(job: number, told: string) {
  return SUBJECTS.assignments.encode(create(jobWire.AssignmentSchema, { attempt: { run: 1, job, attempt: 1 }, leaseTtlMs: 15000,
   job: { name: `job-${job}`, python: "3.12", env: { KILN_DUMMY: told }, limits: { timeoutMs: 600000, logBytesMax: 10_000_000_000n },
   work: { case: "test", value: create(jobWire.TestWorkSchema, { wheel: blob, candidate: { name: "pkg", version: "1.0" }, check: { case: "importCheck", value: {} } }) } } }));
}
let done = 0;
let t = performance.now();
const subject = SUBJECTS.assignments.of(agentId);
(async () => { for (let i = 0; i < N; i += 500) { await Promise.all(Array.from({ length: 500 }, (_, k) => js.publish(subject, msg(i + k, "pass")))); } console.log("published", N / (performance.now() - t) * 1000 | 0, "/s"); })();
await farm.coordinator.board.until(() => { return farm.coordinator.frames.size >= N && (done = [...farm.coordinator.frames.values()].filter((f) => f.length === 2).length) >= N; });
console.log("no-op jobs/s", N / (performance.now() - t) * 1000 | 0);
farm.coordinator.frames.clear();
t = performance.now();
const bytes = 1e9;
await js.publish(subject, msg(N + 1, `flood ${bytes}`));
const iv = setInterval(() => { for (const f of farm.coordinator.frames.values()) f.forEach((x) => { if (x.body.case === "log") (x.body.value as any).data = new Uint8Array(); }); }, 50);
await farm.coordinator.board.until(() => farm.coordinator.finishedOf(`1.${N + 1}.1`) !== null);
clearInterval(iv);
console.log("log MB/s", bytes / 1e3 / (performance.now() - t) | 0);
if (process.env["PROF"]) { child.kill("SIGTERM"); await new Promise((r) => child.once("exit", r)); }
else child.kill("SIGKILL");
await farm[Symbol.asyncDispose]();
process.exit(0);
