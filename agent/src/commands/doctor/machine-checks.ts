import { tmpdir } from "node:os";
import { diskFreeBytes } from "../../adapters/inventory/read-machine.ts";
import { memoryAvailableBytes, readPressure } from "../../adapters/system/machine-pressure.ts";
import { runTool } from "../../adapters/system/run-tool.ts";
import { judgeMachine } from "../../domain/health/judge-machine.ts";
import { formatBytes } from "../../domain/units.ts";
import type { Inventory } from "../../ports/inventory.ts";
import type { Check } from "../checklist.ts";

const NODE_MAJOR = 24;
const TIMEOUT_MS = 10_000;

/** Node, the machine, disk, memory, interpreters and compiler. */
export async function machineChecks(inventory: Inventory, folder: string, env: NodeJS.ProcessEnv): Promise<Check[]> {
  const { osTitle, arch, libc, kernel, cpuModel, cpuCores, memoryBytes } = inventory;
  const system = [
    osTitle,
    arch,
    libc,
    `kernel ${kernel}`,
    `${cpuCores} cores of ${cpuModel}`,
    formatBytes(memoryBytes),
  ];
  return [
    checkNode(process.version),
    { name: "machine", state: "ok", found: system.filter((part) => part !== "").join(", "), fix: "" },
    ...checkRoom(memoryBytes, folder),
    ...checkPythons(inventory),
    await checkCompiler(env),
  ];
}

function checkNode(version: string): Check {
  const major = Number(version.slice(1).split(".")[0]);
  if (major === NODE_MAJOR) return { name: "Node", state: "ok", found: version, fix: "" };
  const state = major > NODE_MAJOR ? "warning" : "failed";
  return { name: "Node", state, found: `${version}; Kiln is made for ${NODE_MAJOR}`, fix: "Install Node 24." };
}

function checkRoom(memoryBytes: number, folder: string): readonly Check[] {
  const state = {
    diskFreeBytes: diskFreeBytes(folder),
    memoryBytes,
    memoryAvailableBytes: memoryAvailableBytes(),
    pressure: readPressure(),
  };
  const fixes: Readonly<Record<string, string>> = {
    disk: "Make room, or set KILN_AGENT_DIR to another disk.",
    memory: "End what else runs here, or set KILN_SLOTS to fewer.",
  };
  return judgeMachine(state).map(({ name, status, detail }) => ({
    name,
    state: status === "not-run" ? "skipped" : status,
    found: detail,
    fix: status === "warning" ? (fixes[name] ?? "") : "",
  }));
}

function checkPythons({ pythons, problems }: Inventory): readonly Check[] {
  const name = "Pythons";
  const fix = "Install CPython 3.8 or newer (with venv), by the system's packages, pyenv, or uv.";
  const versions = pythons.map(({ version }) => version);
  const first: Check =
    versions.length > 0
      ? { name, state: "ok", found: versions.join(", "), fix: "" }
      : { name, state: "warning", found: "none that can make environments with pip, so only containers run here", fix };
  // Those of interpreters name their path; the rest have checks of their own.
  const unusable = problems.filter(({ subject }) => /python/i.test(subject));
  return [
    first,
    ...unusable.map(({ subject, message }): Check => ({
      name,
      state: "warning",
      found: `${subject}: ${message}`,
      fix: "",
    })),
  ];
}

async function checkCompiler(env: NodeJS.ProcessEnv): Promise<Check> {
  const name = "compiler";
  if (process.platform === "win32") return { name, state: "skipped", found: "not looked for on Windows", fix: "" };
  const program = env["CXX"] || "c++";
  const { ok, stdout } = await runTool(program, ["--version"], { timeoutMs: TIMEOUT_MS, cwd: tmpdir() });
  if (ok) return { name, state: "ok", found: stdout.split("\n")[0] ?? "", fix: "" };
  const install =
    process.platform === "darwin" ? "xcode-select --install" : "sudo apt-get install build-essential, or the like";
  return { name, state: "warning", found: `${program} is not there: extension modules cannot be built`, fix: install };
}
