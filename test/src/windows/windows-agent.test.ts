import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  findWindows,
  temporaryFolder,
  writeStandInPython,
  type Brought,
  type TemporaryFolder,
  type WindowsMachine,
  type WindowsProcess,
  type WindowsTestBed,
} from "@kiln/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildBundle } from "../bundle/build-bundle.ts";
import { Farm } from "../farm/farm.ts";
import type { FarmApi } from "../farm/farm-api.ts";
import { tarOfPureProject } from "../farm/pure-project.ts";

/** Making the root folder with wine, once a machine. */
const COLD_MS = 300_000;
const FEATURE = "3.12";

let bed: Brought<WindowsTestBed>;
let folder: TemporaryFolder;

beforeAll(async () => {
  folder = temporaryFolder("kiln-windows-test-");
  bed = await findWindows();
  if (bed.ok) await buildBundle(folder.path);
}, COLD_MS);
afterAll(() => folder[Symbol.dispose]());

/** A Windows machine with the bundle, Node and a stand-in for Python. */
async function windowsMachine({ machine, node }: WindowsTestBed): Promise<WindowsMachine> {
  const made = machine();
  renameSync(join(folder.path, "kiln-agent.mjs"), join(made.shared, "kiln-agent.mjs"));
  mkdirSync(join(made.shared, "python"));
  await writeStandInPython(node, join(made.shared, "python"));
  return made;
}

function startAgent(machine: WindowsMachine, farm: Farm): WindowsProcess {
  const env = {
    ...farm.agentEnvironment("windows"),
    KILN_AGENT_DIR: "C:\\kiln\\agent",
    WINEPATH: "Z:\\shared\\python",
  };
  return machine.start(["node", "Z:\\shared\\kiln-agent.mjs"], env);
}

/** Resolves when the log of an attempt, as it grows, has this text. */
async function logged(api: FarmApi, run: string, job: string, text: string): Promise<void> {
  for await (const event of api.events(run))
    if (event.type === "job" && event.job.name === job && event.job.state === "running") break;
  const response = await api.fetch(`/api/v1/runs/${run}/jobs/${job}/log?attempt=1&follow=1`);
  let seen = "";
  for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    seen += part;
    if (seen.includes(text)) return;
  }
  throw new Error(`the log ended without "${text}":\n${seen}`);
}

it("an agent on Windows runs commands with cmd, streams their logs, is killed, and comes back", async (context) => {
  if (!bed.ok) return context.skip(`no Windows programs can be run here: ${bed.reason}`);
  using machine = await windowsMachine(bed.value);
  await using farm = await Farm.start({ executor: "host", slots: 1, agents: [] });
  const first = startAgent(machine, farm);
  const ready = await first.line(/"ready":true/);
  expect(await farm.api.agents()).toMatchObject([{ name: "windows", os: "windows", pythons: [{ feature: FEATURE }] }]);

  const spec = `
matrix: {os: [windows-x86_64], python: ["${FEATURE}"]}
build: {wheel: pure, env: {KILN_DUMMY: pass}}
checks:
  - name: lines
    command: |
      for /l %%i in (1,1,300) do @echo line %%i of %OS%
      echo the end
  - name: killed
    command: 'if "%KILN_ATTEMPT:~-1%"=="1" (echo begun & ping -n 600 127.0.0.1 >nul) else (echo again)'
`;
  const run = await farm.api.submit({ spec, name: "demo", version: "1.0", sdist: tarOfPureProject() });
  await logged(farm.api, run, "check-killed", "begun");
  const [agentPid] = first.pids(/^Z:.*kiln-agent\.mjs/);
  process.kill(agentPid ?? 0, "SIGKILL");
  await first.exited;

  await using second = startAgent(machine, farm);
  expect(await second.line(/"ready":true/)).toBe(ready);
  const { jobs } = await farm.api.finished(run);
  const of = (job: string) => jobs.find((one) => one.name === job);
  expect(of("check-lines")).toMatchObject({ outcome: "passed" });
  expect(of("check-killed")).toMatchObject({ outcome: "passed" });
  const lines = (await farm.api.log(run, "check-lines", 1)).toString();
  const expected = Array.from({ length: 300 }, (_, index) => `line ${index + 1} of Windows_NT\r\n`).join("");
  expect(lines).toContain(`${expected}the end\r\n`);
  const killed = await farm.api.job(run, "check-killed");
  expect(killed.history.map(({ outcome }) => outcome)).toEqual(["agent-lost", "passed"]);
  expect((await farm.api.log(run, "check-killed", 2)).toString()).toContain("again\r\n");
  expect(readFileSync(join(machine.shared, "p1.err"), "utf8")).not.toContain('"level":60');
});

/** Runs on Windows, from the agent's sources; prints a line for each thing that it found to be so. */
const DISK_SCRIPT = `
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { lockHome } from "file:///Z:/shared/src/adapters/disk/home-lock.ts";
import { replaceFile } from "file:///Z:/shared/src/adapters/disk/replace-file.ts";
import { endGroup } from "file:///Z:/shared/src/adapters/host/process-group.ts";

const folder = "C:\\\\kiln-disk";
mkdirSync(folder);
const say = (claim, isSo) => console.log((isSo ? "yes: " : "NO: ") + claim);

const holder = 'import { lockHome } from "file:///Z:/shared/src/adapters/disk/home-lock.ts"; console.log(lockHome("C:/kiln-disk").ok); setInterval(() => {}, 1e6);';
const other = spawn(process.execPath, ["--input-type=module", "-e", holder], { stdio: ["ignore", "pipe", "inherit"] });
await once(other.stdout, "data");
const refused = lockHome(folder);
say("a second process is refused and told the first", !refused.ok && refused.pid === other.pid);
other.kill();
await once(other, "close");
say("a killed process gives the lock back", lockHome(folder).ok);

const [finished, path] = [join(folder, "new"), join(folder, "kept")];
writeFileSync(finished, "new");
writeFileSync(path, "old");
const reader = openSync(path, "r");
replaceFile(finished, path);
say("a file that somebody reads is replaced", readFileSync(path, "utf8") === "new" && readFileSync(reader, "utf8") === "old");
closeSync(reader);
say("nothing is left beside it", readdirSync(folder).filter((name) => !name.startsWith("agent.lock")).join() === "kept");

const long = join(folder, ...Array.from({ length: 12 }, (_, index) => "folder-" + index + "-".repeat(30)));
mkdirSync(long, { recursive: true });
writeFileSync(join(long, "file"), "long");
say("paths may be longer than 260 characters", readFileSync(join(long, "file"), "utf8") === "long" && long.length > 260);

const tree = spawn("cmd.exe", ["/d", "/s", "/c", "ping -n 600 127.0.0.1 >nul"], { stdio: "ignore" });
const pings = () => spawnSync("tasklist").stdout.toString("utf16le").split("ping.exe").length - 1;
while (pings() === 0);
const ended = once(tree, "exit");
await endGroup(tree.pid, 1000);
await ended;
say("what a process started ends with it", pings() === 0);
console.log("done");
process.exit(0);
`;

it("on Windows a home has one agent, files in use are replaced, paths may be long, and process trees end", async (context) => {
  if (!bed.ok) return context.skip(`no Windows programs can be run here: ${bed.reason}`);
  using machine = bed.value.machine();
  const agentSource = fileURLToPath(new URL(".", import.meta.resolve("@kiln/agent")));
  cpSync(agentSource, join(machine.shared, "src"), { recursive: true });
  writeFileSync(join(machine.shared, "disk.mjs"), DISK_SCRIPT);
  await using script = machine.start(["node", "Z:\\shared\\disk.mjs"]);
  await script.line(/^done/);
  const claims = script
    .output()
    .split(/\r?\n/)
    .filter((line) => /^(?:yes|NO): /.test(line));
  expect(claims.filter((claim) => claim.startsWith("NO"))).toEqual([]);
  expect(claims).toHaveLength(6);
});
