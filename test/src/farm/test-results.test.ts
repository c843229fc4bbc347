import type { Report } from "@kiln/proto";
import { expect, it } from "vitest";
import { Farm } from "./farm.ts";
import { tarOfPureProject } from "./pure-project.ts";

/** Fails in its first run and passes in the next. */
const TESTS = `
import os, pathlib
import pytest
import demo

def test_answer():
    assert demo.ANSWER == 42

@pytest.mark.skip(reason="needs two GPUs")
def test_two_gpus():
    pass

def test_now_and_then():
    mark = pathlib.Path(os.environ["TMPDIR"], "it-ran-before")
    ran = mark.exists()
    mark.touch()
    assert ran, "the first time it is not there yet"

def test_matmul():
    if os.environ["KILN_MATRIX_BACKEND"] == "broken":
        assert demo.ANSWER == 41, "not the answer"
`;

const SPEC = `
kiln: 1
matrix: {os: available, python: ["PYTHON"], axes: {backend: [eager, broken]}}
build: {wheel: pure}
test:
  requires: [pytest, pytest-cov]
  files: [tests]
  command: python -m pytest -q --cov=demo --cov-report=xml:$KILN_RESULTS/coverage.xml tests
  repeat-failed: 1
`;

it("a test job's report counts passed, failed, skipped and flaky tests, with places, coverage and both runs in the log", async () => {
  await using farm = await Farm.start({ executor: "host", slots: 2, upstream: true });
  const features = (await farm.api.agents())[0]?.pythons.map(({ feature }) => feature) ?? [];
  // One that the newest pytest runs on.
  const python = features.filter((feature) => !feature.endsWith("t")).at(-1) ?? "";
  const sdist = tarOfPureProject({ "tests/test_demo.py": TESTS });
  const run = await farm.api.submit({ spec: SPEC.replace("PYTHON", python), name: "demo", version: "1.0", sdist });
  const { jobs } = await farm.api.finished(run);
  const names = jobs.filter(({ kind }) => kind === "test").map(({ name }) => name);
  const [eager, broken] = await Promise.all(
    ["eager", "broken"].map((backend) => farm.api.job(run, names.find((name) => name.includes(backend)) ?? "")),
  );

  expect(eager).toMatchObject({ outcome: "passed", summary: "1 flaky test: tests.test_demo::test_now_and_then" });
  const [passed] = eager?.history ?? [];
  expect(testReport(passed?.reports)).toMatchObject({
    ...{ tests: 4, passed: 2, failed: 0, errors: 0, skipped: 1, flaky: 1 },
    failures: [
      {
        name: "tests.test_demo::test_now_and_then",
        outcome: "flaky",
        place: expect.stringMatching(/^tests\/test_demo\.py:\d+$/),
      },
    ],
    skips: [{ message: "needs two GPUs" }],
    coverage: { lines: 1, linesCovered: 1 },
  });
  expect(passed?.steps.slice(-2).map(({ title, exitCode }) => [title, exitCode])).toEqual([
    ["run the test command", 1],
    ["run the failed tests again", 0],
  ]);
  const log = (await farm.api.log(run, eager?.name ?? "", 1)).toString();
  const [first, second] = log.split("[kiln] $ python -m pytest").slice(1);
  expect(first).toContain("the first time it is not there yet");
  expect(second).toMatch(/1 passed, \d+ deselected|1 passed/);
  expect(log).not.toContain(farm.token);
  expect(passed?.artifacts.map(({ role }) => role).sort()).toEqual(["coverage", "coverage", "junit", "junit"]);

  expect(broken).toMatchObject({ outcome: "tests-failed" });
  expect(testReport(broken?.history[0]?.reports)).toMatchObject({
    ...{ tests: 4, passed: 1, failed: 1, skipped: 1, flaky: 1 },
    failures: [
      { name: "tests.test_demo::test_matmul", outcome: "failed", message: expect.stringContaining("not the answer") },
      { outcome: "flaky" },
    ],
  });
}, 300_000);

it("a wheel that the index refuses fails its test with the reason, and a farm without an index says what to set", async () => {
  await using farm = await Farm.start({ executor: "host", slots: 2 });
  const python = (await farm.api.agents())[0]?.pythons.at(-1)?.feature ?? "";
  const spec = SPEC.replace("PYTHON", python).replace("[eager, broken]", "[eager]").replace("repeat-failed: 1", "");
  const without = await farm.api.submit({
    spec: `${spec}retry: {infrastructure: 0}\n`,
    name: "demo",
    version: "1.0",
    sdist: tarOfPureProject({ "tests/x.py": "" }),
  });
  const lying = await farm.api.submit({
    spec: spec.replace("requires: [pytest, pytest-cov]", ""),
    ...{ name: "demo", version: "1.0" },
    sdist: tarOfPureProject({ "tests/x.py": "", "lie.txt": "METADATA has a second name" }),
  });
  const testOf = async (run: string) => (await farm.api.finished(run)).jobs.find(({ kind }) => kind === "test");
  expect(await testOf(without)).toMatchObject({
    outcome: "infrastructure",
    summary: expect.stringContaining("KILN_UPSTREAM_INDEX"),
  });
  expect(await testOf(lying)).toMatchObject({
    outcome: "tests-failed",
    summary: expect.stringContaining('its METADATA has 2 "name"'),
  });
}, 300_000);

function testReport(reports: readonly Report[] | undefined): Report | undefined {
  return reports?.find(({ kind }) => kind === "test");
}
