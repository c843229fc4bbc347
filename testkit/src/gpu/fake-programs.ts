// What FakeGpus installs: node fake-programs.ts NAME STATE CUDA_RELEASE ARGUMENTS…
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import type { FakeGpu, FakeMachine } from "./fake-machine.ts";
import { smiLog } from "./fake-smi-log.ts";

const [name = "", statePath = "", cudaRelease = "", ...args] = process.argv.slice(2);
const machine = JSON.parse(readFileSync(statePath, "utf8")) as FakeMachine;

const COLUMNS: Readonly<Record<string, (gpu: FakeGpu) => string>> = {
  uuid: ({ uuid }) => uuid,
  name: ({ model }) => model,
  compute_cap: ({ computeCapability }) => computeCapability,
  "memory.total": ({ memoryMib }) => String(memoryMib),
  "memory.used": ({ usedMib }) => String(usedMib),
  driver_version: () => machine.driver,
  "pci.bus_id": ({ pciBusId }) => pciBusId,
  "utilization.gpu": ({ migSlices }) => (migSlices.length > 0 ? "[N/A]" : "7"),
  "temperature.gpu": () => "41",
  "clocks.sm": () => "1410",
  "clocks.max.sm": () => "1410",
  "clocks.default_applications.graphics": () => "1410",
  "power.draw": () => "231.50",
  "clocks_event_reasons.active": ({ slowdowns }) =>
    slowdowns.length === 0 ? "0x0000000000000000" : "0x0000000000000008",
};

function smi(): void {
  if (machine.smi === "hangs") return hang();
  if (machine.smi !== "answers") return end(machine.smi.says, machine.smi.status);
  const query = args.find((arg) => arg.startsWith("--query-gpu="));
  if (query) return repeated(() => listGpus(query.slice("--query-gpu=".length).split(",")));
  if (args.some((arg) => arg.startsWith("--query-compute-apps=pid,gpu_uuid"))) return end(apps(), 0);
  if (args.includes("-x")) return end(smiLog(machine), 0);
  if (args.includes("-L")) return end(machine.gpus.map(listed).join(""), 0);
  return end("this fake does not know these arguments", 2);
}

/** As `--loop-ms` asks; without it once. */
function repeated(print: () => void): void {
  print();
  const everyMs = Number(/^--loop-ms=(\d+)$/.exec(args.find((arg) => arg.startsWith("--loop-ms=")) ?? "")?.[1]);
  if (everyMs > 0) setInterval(print, everyMs);
}

function apps(): string {
  return machine.gpus.flatMap(({ uuid, processes }) => processes.map(({ pid }) => `${pid}, ${uuid}\n`)).join("");
}

function listGpus(columns: readonly string[]): void {
  const strange = columns.find(
    (column) => !(column in COLUMNS) || (column === "compute_cap" && !machine.knowsCapability),
  );
  if (strange !== undefined) return end(`Field "${strange}" is not a valid field to query.\n`, 2);
  if (machine.gpus.length === 0) return end("No devices were found\n", 6);
  const asked = args.find((arg) => arg.startsWith("--id="))?.slice("--id=".length);
  const lines = machine.gpus
    .filter(({ uuid }) => asked === undefined || uuid === asked)
    .map((gpu) =>
      columns
        .map((column) => (gpu.sick !== "" && column !== "uuid" ? `[${gpu.sick}]` : COLUMNS[column]?.(gpu)))
        .join(", "),
    );
  return end(`${lines.join("\n")}\n`, 0);
}

function listed(gpu: FakeGpu, index: number): string {
  const slices = gpu.migSlices.map(
    ({ uuid, profile }, at) => `  MIG ${profile.padEnd(10)}  Device ${String(at).padStart(2)}: (UUID: ${uuid})\n`,
  );
  return `GPU ${index}: ${gpu.model} (UUID: ${gpu.uuid})\n${slices.join("")}`;
}

/** "Compiles" into a script that asks this program. */
function nvcc(): void {
  if (args.includes("--version")) {
    return end(`Cuda compilation tools, release 12.4, V${cudaRelease}\nBuild cuda_12.4.r12.4/compiler\n`, 0);
  }
  const target = args[args.indexOf("-o") + 1] ?? "";
  const command = [process.execPath, process.argv[1] ?? "", "run", statePath, cudaRelease];
  writeFileSync(target, `#!/bin/sh\nexec ${command.map((part) => `'${part}'`).join(" ")}\n`);
  chmodSync(target, 0o755);
}

/** A program on the GPU that CUDA_VISIBLE_DEVICES names. */
function run(): void {
  const device = process.env["CUDA_VISIBLE_DEVICES"] ?? "";
  const gpu = machine.gpus.find(
    ({ uuid, migSlices }) => uuid === device || migSlices.some((one) => one.uuid === device),
  );
  if (!gpu)
    return end('{"ok":false,"step":"find the device","code":100,"error":"no CUDA-capable device is detected"}\n', 1);
  switch (gpu.kernel) {
    case "right":
      return end('{"ok":true,"mebibytes":64,"ms":12.5}\n', 0);
    case "wrong":
      return end(
        '{"ok":false,"step":"compare","code":0,"error":"17 of 16777216 words are wrong, the first at 4096"}\n',
        1,
      );
    case "hangs":
      return hang();
    case "crashes":
      return process.abort();
    default:
      return end(`${JSON.stringify({ ok: false, step: "allocate", ...gpu.kernel })}\n`, 1);
  }
}

function ncu(): void {
  if (!machine.countersReadable) {
    return end(
      "==ERROR== ERR_NVGPUCTRPERM - The user does not have permission to access NVIDIA GPU Performance Counters.\n",
      1,
    );
  }
  const header = '"ID","Kernel Name","Metric Name","Metric Unit","Metric Value"\n';
  return end(`==PROF== Connected to process 1\n${header}"0","check","sm__cycles_elapsed.max","cycle","18,204"\n`, 0);
}

function end(output: string, status: number): void {
  process.stdout.write(output);
  process.exitCode = status;
}

function hang(): void {
  setInterval(() => undefined, 2 ** 30);
}

if (name === "nvidia-smi") smi();
else if (name === "nvcc") nvcc();
else if (name === "run") run();
else if (name === "ncu") ncu();
else if (name === "dmesg") end(machine.kernelLog.map((line) => `${line}\n`).join(""), 0);
else end(`no such fake: ${name}\n`, 64);
