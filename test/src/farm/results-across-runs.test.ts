import type { RunView } from "@kiln/proto";
import { expect, it } from "vitest";
import { pipInstaller } from "../staging-index/installers.ts";
import { temporaryFolder } from "@kiln/testkit";
import { Farm } from "./farm.ts";
import { tarOfPureProject } from "./pure-project.ts";

const origins = ({ jobs }: RunView) =>
  Object.fromEntries(jobs.map(({ name, reusedFrom }) => [name, reusedFrom?.run ?? null]));

it("a second run takes the build of the first, tests it, and has it on its own index; --rebuild builds it again", async () => {
  await using farm = await Farm.start({ executor: "host", slots: 2 });
  using scratch = temporaryFolder();
  const feature = (await farm.api.agents())[0]?.pythons.find((python) => !python.feature.endsWith("t"))?.feature;
  const spec = `
matrix: {os: available, python: ["${feature}"]}
build: {wheel: pure}
test: {command: python -c "import demo"}
`;
  const submission = { spec, name: "demo", version: "1.0", sdist: tarOfPureProject() };
  const run = async (reuse?: string) =>
    farm.api.finished(await farm.api.submit({ ...submission, ...(reuse === undefined ? {} : { reuse }) }));
  const first = await run();
  expect([first.verdict, origins(first)]).toMatchObject(["pass", { "build-pure": null }]);

  // What is kept must not depend on the process that kept it.
  await farm.coordinator.kill();
  await farm.startCoordinator();
  const second = await run();
  const test = second.jobs.find(({ kind }) => kind === "test")?.name ?? "";
  expect([second.run, second.verdict, origins(second)]).toEqual(["r2", "pass", { "build-pure": "r1", [test]: null }]);
  expect((await farm.api.job("r2", test)).history).toMatchObject([{ attempt: 1, outcome: "passed" }]);
  expect((await farm.api.log("r2", "build-pure", 1)).length).toBeGreaterThan(0);

  const pip = await pipInstaller("", scratch.path, farm.identity);
  const url = new URL(farm.coordinator.ready.httpUrl);
  if (!pip) throw new Error("no Python here can run pip");
  const index = `https://kiln:${farm.token}@${url.host}/index/r2/any/simple/`;
  expect(await pip.install(index, ["demo"])).toMatchObject({ ok: true, installed: ["demo-1.0.dist-info"] });

  const third = await run("never");
  expect(origins(third)).toEqual({ "build-pure": null, [test]: null });
  expect((await farm.api.job("r3", "build-pure")).reproduced).toMatchObject({ run: "r1", job: "build-pure" });

  // Nothing changed, so there is nothing to run.
  const fourth = await run("r3");
  expect([fourth.verdict, origins(fourth)]).toEqual(["pass", { "build-pure": "r3", [test]: "r3" }]);
});

it("a retry runs only what did not pass", async () => {
  await using farm = await Farm.start({ executor: "dummy", slots: 2 });
  const feature = (await farm.api.agents())[0]?.pythons[0]?.feature;
  const spec = `
matrix: {os: available, python: ["${feature}"], axes: {mode: [a, b]}}
build: {wheel: pure, env: {KILN_DUMMY: pass}}
test: {command: fail}
`;
  const run = await farm.api.submit({ spec, name: "demo", version: "1.0", sdist: tarOfPureProject() });
  const before = await farm.api.finished(run);
  expect(before.jobs.map(({ kind, outcome }) => [kind, outcome])).toEqual([
    ["build", "passed"],
    ["test", "tests-failed"],
    ["test", "tests-failed"],
  ]);
  await farm.api.retryFailed(run);
  const after = await farm.api.finished(run);
  expect(after.jobs.map(({ kind, attempts }) => [kind, attempts])).toEqual([
    ["build", 1],
    ["test", 2],
    ["test", 2],
  ]);
});
