// What test/gpu/run.sh runs: a farm on this machine, with its GPUs.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { join } from "node:path";
import type { AgentDetail, GpuView } from "@kiln/proto";
import { checkoutPrograms, Farm, type FarmPrograms } from "../farm/farm.ts";
import { tarOfPureProject } from "../farm/pure-project.ts";
import { GPU_JOB_FILES, gpuSpec } from "./gpu-job.ts";
import { benchGpu, profileGpu } from "./measure-gpu.ts";
import { say, seconds, type Result } from "./result.ts";

const NAME = "gpu";
/** The check program is compiled, and ncu starts slowly. */
const HEALTH_MAX_MS = 300_000;
const LOOK_EVERY_MS = 500;

/** 0: everything passed; 1: something failed; 3: this machine has no GPU to try. */
async function main(): Promise<number> {
  const packed = process.env["KILN_GPU_PROGRAMS"];
  const programs = packed ? (JSON.parse(packed) as FarmPrograms) : checkoutPrograms();
  say("== the machine");
  const doctor = await runAgent(programs, ["doctor"], {});
  say(doctor.stdout.trimEnd() || doctor.stderr.trimEnd());
  if (doctor.code !== 0 && doctor.code !== 1)
    return end([{ what: "doctor", outcome: "failed", detail: doctor.stderr }]);
  const seen = await inventoryOf(programs);
  if (seen.gpus.length === 0) {
    const why = seen.problems.map(({ subject, message }) => `${subject}: ${message}`).join("; ");
    say();
    say(`NO GPU: nothing was tried. ${why || "nvidia-smi is not on the path, so there is no NVIDIA driver here"}`);
    return 3;
  }
  say();
  await using farm = await Farm.start({ executor: "host", slots: 2, agents: [], programs });
  const results = [await joinFarm(farm, programs), ...(await healthOf(farm))];
  const view = await detail(farm);
  for (const gpu of view.gpus) results.push(...countersOf(gpu));
  for (const capability of new Set(view.gpus.map(({ computeCapability }) => computeCapability))) {
    results.push(...(await runJobs(farm, view, capability)));
  }
  return end(results);
}

function end(results: readonly Result[]): number {
  say();
  say("== what was tried");
  for (const { what, outcome, detail: found } of results) say(`${outcome.padEnd(8)} ${what}: ${found}`);
  const failed = results.filter(({ outcome }) => outcome === "failed").length;
  const notRun = results.filter(({ outcome }) => outcome === "not-run").length;
  say();
  say(
    `${failed === 0 ? "PASSED" : "FAILED"}: ${results.length} tried, ${failed} failed, ${notRun} could not be run here`,
  );
  return failed === 0 ? 0 : 1;
}

async function joinFarm(farm: Farm, programs: FarmPrograms): Promise<Result> {
  say("== joining");
  const { token } = await farm.api.makeJoinToken({ uses: 1 });
  const { KILN_FARM_URL: url = "", KILN_JOIN_TOKEN: _, ...env } = farm.agentEnvironment(NAME);
  const beganMs = performance.now();
  const joined = await runAgent(programs, ["join", url, "--token", token, "--name", NAME, "--no-run"], env);
  say(`${joined.stdout}${joined.stderr}`.trimEnd());
  await farm.startAgent(NAME, { KILN_FARM_URL: "", KILN_JOIN_TOKEN: "" });
  const took = seconds(beganMs);
  return joined.code === 0
    ? { what: "join", outcome: "passed", detail: `joined and registered in ${took}` }
    : { what: "join", outcome: "failed", detail: `exit status ${joined.code}` };
}

/** The look at the join, as the coordinator has it. */
async function healthOf(farm: Farm): Promise<readonly Result[]> {
  say();
  say("== health at the join");
  const beganMs = performance.now();
  const view = await until(farm, ({ reports }) => reports.length > 0);
  const report = view?.reports.at(-1);
  if (!report) return [{ what: "health", outcome: "failed", detail: `no report after ${seconds(beganMs)}` }];
  for (const { name, device, status, detail: found } of report.checks)
    say(`${status.padEnd(8)} ${name} ${device}: ${found}`);
  const kernels = report.checks.filter(({ name }) => name === "kernel");
  const failed = report.checks.filter(({ name, status }) => status === "failed" && name !== "kernel");
  return [...kernels, ...failed].map(({ name, device, status, detail: found }) => ({
    what: `${name} on ${device}`,
    outcome: status === "ok" ? "passed" : status === "failed" ? "failed" : "not-run",
    detail: found,
  }));
}

/** Whether ncu may read counters is measured, not required: a machine that does not allow it is no broken one. */
function countersOf({ uuid, countersReadable, clocksLockable }: GpuView): readonly Result[] {
  const { answer, detail: found } = countersReadable;
  say();
  say(`== ${uuid}`);
  say(`counters: ${answer}, ${found}`);
  say(`clocks: ${clocksLockable.answer}, ${clocksLockable.detail}`);
  return [
    {
      what: `ncu on ${uuid}`,
      outcome: found.startsWith("ncu ") && answer !== "unknown" ? "passed" : "not-run",
      detail: `${answer}: ${found}`,
    },
  ];
}

async function runJobs(farm: Farm, view: AgentDetail, computeCapability: string): Promise<readonly Result[]> {
  const what = `jobs on ${computeCapability}`;
  const python = view.pythons.map(({ feature }) => feature).find((feature) => !feature.endsWith("t"));
  const gpu = view.gpus.find((one) => one.computeCapability === computeCapability);
  if (python === undefined || !gpu)
    return [{ what, outcome: "not-run", detail: "no Python here makes environments with pip" }];
  const cell = { python, computeCapability };
  const tested = await testGpu(farm, python, computeCapability);
  return [tested, ...(await benchGpu(farm, cell)), await profileGpu(farm, cell, gpu)];
}

async function testGpu(farm: Farm, python: string, capability: string): Promise<Result> {
  say();
  say(`== a test job on a GPU of compute capability ${capability}`);
  const what = `test job on ${capability}`;
  const beganMs = performance.now();
  const run = await farm.api.submit({
    spec: gpuSpec(python, capability),
    name: "demo",
    version: "1.0",
    sdist: tarOfPureProject(GPU_JOB_FILES),
  });
  const { jobs } = await farm.api.finished(run);
  const test = jobs.find(({ kind }) => kind === "test");
  if (!test) return { what, outcome: "failed", detail: "the plan has no test job" };
  if (test.attempts > 0) say((await farm.api.log(run, test.name, test.attempts)).toString().trimEnd());
  const detailText = jobs
    .map(({ name, outcome, summary }) => `${name} ${outcome ?? ""}${summary === "" ? "" : ` (${summary})`}`)
    .join(", ");
  return {
    what,
    outcome: test.outcome === "passed" ? "passed" : "failed",
    detail: `${detailText} in ${seconds(beganMs)}`,
  };
}

async function detail(farm: Farm): Promise<AgentDetail> {
  // ncu is tried after the first look; where there is none, nothing follows.
  const tried = await until(
    farm,
    ({ gpus }) => gpus.every(({ countersReadable }) => countersReadable.detail.startsWith("ncu ")),
    60_000,
  );
  return tried ?? agentOf(farm);
}

async function agentOf(farm: Farm): Promise<AgentDetail> {
  return (await (await farm.api.fetch(`/api/v1/agents/${NAME}`)).json()) as AgentDetail;
}

/** null: it has not become so in time. */
async function until(
  farm: Farm,
  isSo: (view: AgentDetail) => boolean,
  maxMs = HEALTH_MAX_MS,
): Promise<AgentDetail | null> {
  for (const endMs = performance.now() + maxMs; performance.now() < endMs;) {
    const view = await agentOf(farm);
    if (isSo(view)) return view;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return null;
}

interface Seen {
  readonly gpus: readonly { readonly uuid: string }[];
  readonly problems: readonly { readonly subject: string; readonly message: string }[];
}

async function inventoryOf(programs: FarmPrograms): Promise<Seen> {
  return JSON.parse((await runAgent(programs, ["inventory"], {})).stdout) as Seen;
}

async function runAgent({ agent }: FarmPrograms, args: readonly string[], env: Readonly<Record<string, string>>) {
  const folder = process.env["KILN_GPU_FOLDER"] ?? "";
  const child = spawn(process.execPath, [agent, ...args], {
    env: { ...process.env, ...(folder === "" ? {} : { KILN_AGENT_DIR: join(folder, "doctor") }), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { stdout, stderr, code: code as number | null };
}

process.exitCode = await main();
// Connections to a farm that is gone are not waited for.
process.exit();
