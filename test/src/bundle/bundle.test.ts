import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { temporaryFolder, type TemporaryFolder } from "@kiln/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startProcess } from "../farm/child-process.ts";
import { Farm, type AgentReady } from "../farm/farm.ts";
import { tarOfPureProject } from "../farm/pure-project.ts";
import { BUILD_MS, buildBundle } from "./build-bundle.ts";

let folder: TemporaryFolder;
let bundle = "";
let executable = "";

beforeAll(async () => {
  folder = temporaryFolder("kiln-bundle-test-");
  await buildBundle(folder.path, ["--executable"]);
  bundle = join(folder.path, "kiln-agent.mjs");
  executable = join(folder.path, "kiln-agent");
}, BUILD_MS);
afterAll(() => folder[Symbol.dispose]());

it("the bundle and the executable run in an empty folder with nothing but Node, and say what the machine has", () => {
  const cwd = join(folder.path, "empty");
  mkdirSync(cwd);
  const env = { HOME: cwd, PATH: dirname(process.execPath) };
  for (const [program, ...args] of [[process.execPath, bundle] as const, [executable] as const]) {
    const printed = execFileSync(program, [...args, "inventory"], { cwd, env, encoding: "utf8" });
    expect(JSON.parse(printed)).toMatchObject({ os: process.platform === "darwin" ? "macos" : "linux" });
    expect(execFileSync(program, [...args, "version"], { cwd, env, encoding: "utf8" })).toMatch(/^\d+\.\d+\.\d+\n$/);
  }
});

it("an older Node says that it is too old", (context) => {
  const older = ["/usr/bin/node", "/usr/local/bin/node"].find((path) => {
    const version = /^v(\d+)\./.exec(spawnSync(path, ["--version"], { encoding: "utf8" }).stdout ?? "")?.[1];
    return version !== undefined && Number(version) >= 18 && Number(version) < 24;
  });
  if (older === undefined) return context.skip("no Node 18 to 23 is installed beside Node 24");
  const { status, stderr } = spawnSync(older, [bundle, "version"], { encoding: "utf8" });
  expect(stderr).toMatch(/^kiln-agent needs Node\.js 24 or newer; this is v/);
  expect(status).toBe(3);
});

it("the bundle is the same bytes when it is made again, names no path, and its licences come with it", async () => {
  const again = join(folder.path, "again");
  await buildBundle(again);
  for (const name of ["kiln-agent.mjs", "LICENSES.txt"]) {
    expect(readFileSync(join(again, name)).equals(readFileSync(join(folder.path, name))), name).toBe(true);
  }
  const code = readFileSync(bundle, "utf8");
  expect(code).not.toContain(dirname(dirname(import.meta.dirname)));
  const licences = readFileSync(join(folder.path, "LICENSES.txt"), "utf8");
  for (const name of ["@grpc/grpc-js", "@nats-io/transport-node", "dockerode", "pino", "tar"]) {
    expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, "m"));
  }
});

it("an agent from the bundle joins a farm and runs a job", async () => {
  await using farm = await Farm.start({ executor: "dummy", slots: 2, agents: [] });
  await using agent = await startProcess<AgentReady>(bundle, farm.agentEnvironment("bundled"));
  const [known] = await farm.api.agents();
  expect(known).toMatchObject({ agentId: agent.ready.agentId, name: "bundled", state: "online" });
  const [feature] = known?.pythons.map((python) => python.feature) ?? [];
  const spec = `
matrix: {os: available, python: ["${feature}"]}
build: {env: {KILN_DUMMY: pass}, wheel: pure}
test: {command: "lines 3"}
`;
  const run = await farm.api.submit({ spec, name: "demo", version: "1.0", sdist: tarOfPureProject() });
  const view = await farm.api.finished(run);
  expect(view.verdict).toBe("pass");
  const test = view.jobs.find(({ kind }) => kind === "test");
  expect((await farm.api.log(run, test?.name ?? "", 1)).toString()).toContain("line 00000003\n");
});
