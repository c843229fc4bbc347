import { existsSync, readdirSync, readFileSync, statfsSync } from "node:fs";
import { arch, availableParallelism, platform } from "node:os";
import { cpu, mem, osInfo } from "systeminformation";
import { osRelease } from "../../domain/os-release.ts";
import type { Inventory } from "../../ports/inventory.ts";
import { runTool } from "../system/run-tool.ts";

const OS_NAMES: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: "linux",
  darwin: "macos",
  win32: "windows",
};
const LIBC_TIMEOUT_MS = 2_000;

export type MachineFacts = Omit<
  Inventory,
  "pythons" | "olderPythons" | "gpus" | "cudaToolkits" | "problems" | "hostId"
>;

/** "linux", "macos" or "windows". */
export function osName(): string {
  return OS_NAMES[platform()] ?? platform();
}

/** What this machine is. `workFolder` is where jobs run. */
export async function readMachine(workFolder: string): Promise<MachineFacts> {
  const [os, processor, memory, libc] = await Promise.all([osInfo(), cpu(), mem(), readLibc()]);
  const release = os.codename === "" ? os.release : `${os.release} (${os.codename})`;
  return {
    os: osName(),
    arch: matrixArch(),
    osTitle: `${os.distro} ${release}`.trim(),
    osRelease: osRelease({
      os: osName(),
      osReleaseText: readOsRelease(),
      title: os.distro,
      version: os.release,
    }),
    libc,
    kernel: os.kernel,
    cpuModel: `${processor.manufacturer} ${processor.brand}`.trim(),
    cpuCores: availableParallelism(),
    memoryBytes: memory.total,
    diskFreeBytes: diskFreeBytes(workFolder),
  };
}

/** The text of os-release(5): the first of its two places that is there; empty outside Linux. */
function readOsRelease(): string {
  const path = ["/etc/os-release", "/usr/lib/os-release"].find((place) => existsSync(place));
  return path === undefined ? "" : readFileSync(path, "utf8");
}

/** Bytes that this user may still write there. */
export function diskFreeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

function matrixArch(): string {
  if (arch() === "x64") return "x86_64";
  return arch() === "arm64" && platform() === "linux" ? "aarch64" : arch();
}

/** "glibc 2.36", "musl 1.2.4"; empty outside Linux. */
async function readLibc(): Promise<string> {
  if (platform() !== "linux") return "";
  // Interfaces of the network are of no interest, and slow to list.
  Object.assign(process.report, { excludeNetwork: true });
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const glibc = report.header?.glibcVersionRuntime;
  if (glibc) return `glibc ${glibc}`;
  const loader = readdirSync("/lib").find((name) => /^ld-musl-.*\.so\.1$/.test(name));
  if (loader === undefined) return "";
  // musl's loader prints its version, and ends with 1, when run without arguments.
  const { output } = await runTool(`/lib/${loader}`, [], { timeoutMs: LIBC_TIMEOUT_MS, cwd: "/" });
  return `musl ${/^Version (\S+)$/m.exec(output)?.[1] ?? ""}`.trim();
}
