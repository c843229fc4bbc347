import { access, constants, mkdir, statfs } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { findFarmAddress } from "../farm/address.ts";
import { FarmClient, type FarmView } from "../farm/client.ts";
import { findHome } from "../farm/home.ts";
import { readInventory } from "../planning/inventory.ts";
import { errorMessage } from "../program/cli-error.ts";
import type { Context } from "../program/context.ts";
import { runChild } from "../program/run-child.ts";
import { pythonsOf } from "../render/agents-table.ts";
import { bytes } from "../render/bytes.ts";
import type { Check } from "../render/checklist.ts";
import { count } from "../render/count.ts";
import { findNatsServer, natsServerAdvice } from "../supervise/nats-server.ts";
import { isFree, PORT_BASE, portsFrom } from "../supervise/ports.ts";

const TIMEOUT_MS = 20_000;
const DISK_FREE_MIN = 2 * 1024 ** 3;
/** The oldest nats-server that Kiln is tried with. */
const NATS_MIN = [2, 9];
const NODE_MAJOR = 24;

export function checkNode(version: string): Check {
  const major = Number(version.replace(/^v/, "").split(".")[0]);
  const fix = "Run Kiln by ./kiln, which brings the right Node, or install Node 24.";
  return major === NODE_MAJOR
    ? { name: "Node", state: "ok", found: version, fix: "" }
    : {
        name: "Node",
        state: major > NODE_MAJOR ? "warning" : "failed",
        found: `${version}; Kiln is made for ${NODE_MAJOR}`,
        fix,
      };
}

export async function checkNatsServer(env: NodeJS.ProcessEnv): Promise<Check> {
  const name = "nats-server";
  const program = await findNatsServer(env);
  if (program === null) return { name, state: "failed", found: "not found", fix: natsServerAdvice() };
  const result = await runChild(program, ["--version"], { timeoutMs: TIMEOUT_MS });
  const version = /v?(\d+)\.(\d+)\.(\d+)/.exec(result.stdout.toString("utf8"));
  if (version === null)
    return { name, state: "failed", found: `${program} does not say its version`, fix: natsServerAdvice() };
  const [major, minor] = [Number(version[1]), Number(version[2])];
  const old = major < (NATS_MIN[0] ?? 0) || (major === NATS_MIN[0] && minor < (NATS_MIN[1] ?? 0));
  const found = `${version[0].replace(/^v/, "")} (${program})`;
  return old
    ? { name, state: "failed", found: `${found}; 2.9 or newer is needed`, fix: natsServerAdvice() }
    : { name, state: "ok", found, fix: "" };
}

/** The Pythons that the agent would use: the agent leaves out those that cannot make environments with pip, and says why. */
export async function checkPythons(env: NodeJS.ProcessEnv): Promise<readonly Check[]> {
  const name = "Pythons";
  const fix = "Install CPython 3.8 or newer (with venv), by the system's packages, pyenv, or uv.";
  try {
    const { pythons, problems } = await readInventory(env);
    const versions = pythons.map((python) => python.version || python.feature);
    const first: Check =
      versions.length === 0
        ? { name, state: "failed", found: "none that can make environments with pip", fix }
        : { name, state: "ok", found: `${count(versions.length, "CPython")}: ${versions.join(", ")}`, fix: "" };
    const unusable = problems.map(({ subject, message }): Check => {
      return { name, state: "warning", found: `${subject}: ${message}`, fix: "" };
    });
    return [first, ...unusable];
  } catch (error) {
    return [{ name, state: "failed", found: errorMessage(error), fix }];
  }
}

export async function checkCompiler(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): Promise<Check> {
  const name = "compiler";
  if (platform === "win32") return { name, state: "skipped", found: "not looked for on Windows", fix: "" };
  const program = env["CXX"] || "c++";
  const result = await runChild(program, ["--version"], { env, timeoutMs: TIMEOUT_MS });
  const first = result.stdout.toString("utf8").split("\n")[0] ?? "";
  if (result.exitCode === 0) return { name, state: "ok", found: first, fix: "" };
  const install =
    platform === "darwin" ? "xcode-select --install" : "sudo apt-get install build-essential, or the like";
  return { name, state: "warning", found: `${program} is not there: extension modules cannot be built`, fix: install };
}

export async function checkDisk(env: NodeJS.ProcessEnv): Promise<Check> {
  const { dir } = findHome(env);
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const { bavail, bsize } = await statfs(dir);
    const free = bavail * bsize;
    const found = `${bytes(free)} free in ${dir}`;
    return free >= DISK_FREE_MIN
      ? { name: "disk", state: "ok", found, fix: "" }
      : {
          name: "disk",
          state: "warning",
          found,
          fix: `Make room: builds want ${bytes(DISK_FREE_MIN)}, or set KILN_HOME to another disk.`,
        };
  } catch (error) {
    return {
      name: "disk",
      state: "failed",
      found: errorMessage(error),
      fix: "Set KILN_HOME to a folder that can be written.",
    };
  }
}

export async function checkGit(env: NodeJS.ProcessEnv): Promise<Check> {
  const name = "git";
  const there = await onPath("git", env);
  return there
    ? { name, state: "ok", found: "there: folders are packed by what git tracks", fix: "" }
    : {
        name,
        state: "warning",
        found: "not found: folders are packed whole, but build leftovers",
        fix: "Install git.",
      };
}

/** The farm with its agents, or the ports that one would use. */
export async function checkFarm(context: Context): Promise<readonly Check[]> {
  const address = await findFarmAddress(context.env);
  if (address !== null) {
    try {
      const client = new FarmClient(address, context.interrupted);
      const farm = await client.farm();
      const agents = await client.agents();
      const online = agents.filter((agent) => agent.state === "online");
      const names = online.map((agent) => `${agent.name} (${pythonsOf(agent).join(" ")})`).join(", ");
      return [
        { name: "farm", state: "ok", found: `version ${farm.version} at ${address.url}`, fix: "" },
        checkStored(farm.stored),
        online.length > 0
          ? { name: "agents", state: "ok", found: `${count(online.length, "agent")} online: ${names}`, fix: "" }
          : {
              name: "agents",
              state: "warning",
              found: "none is online: nothing will run",
              fix: "Start one: ./kiln up without --no-agent.",
            },
      ];
    } catch (error) {
      const named = address.from === "KILN_URL";
      const found = errorMessage(error);
      const fix = named ? "Check KILN_URL and KILN_TOKEN." : "Start it again: ./kiln up";
      return [{ name: "farm", state: named ? "failed" : "warning", found, fix }];
    }
  }
  const ports = Object.values<number>({ ...portsFrom(PORT_BASE) });
  const used = (await Promise.all(ports.map(async (port) => ({ port, free: await isFree(port) })))).filter(
    ({ free }) => !free,
  );
  return [
    { name: "farm", state: "skipped", found: "none is running here (./kiln up starts one)", fix: "" },
    used.length === 0
      ? { name: "ports", state: "ok", found: `${ports.join(", ")} are free`, fix: "" }
      : {
          name: "ports",
          state: "warning",
          found: `${used.map(({ port }) => port).join(", ")} in use by another program`,
          fix: "Start the farm elsewhere: ./kiln up --port-base 9270",
        },
  ];
}

/** Nearly full is said before uploads are refused. */
const STORED_SHARE_MAX = 0.9;

function checkStored({ blobs, bytes: stored, bytesMax }: FarmView["stored"]): Check {
  const limit = bytesMax === 0 ? "" : ` of ${bytes(bytesMax)}`;
  const found = `${bytes(stored)}${limit} in ${count(blobs, "blob")}`;
  if (bytesMax === 0 || stored < bytesMax * STORED_SHARE_MAX) return { name: "storage", state: "ok", found, fix: "" };
  const fix = "Unpin runs, keep them for fewer days (KILN_RETENTION_DAYS), or raise KILN_STORED_BYTES_MAX.";
  return { name: "storage", state: "warning", found, fix };
}

async function onPath(program: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const names = process.platform === "win32" ? [`${program}.exe`, `${program}.cmd`] : [program];
  for (const folder of (env["PATH"] ?? "").split(delimiter)) {
    for (const name of names) {
      if (folder === "") continue;
      const there = await access(join(folder, name), constants.X_OK).then(
        () => true,
        () => false,
      );
      if (there) return true;
    }
  }
  return false;
}
