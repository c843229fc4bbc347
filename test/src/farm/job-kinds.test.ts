import { expect, it } from "vitest";
import { Farm } from "./farm.ts";
import { tarOfPureProject } from "./pure-project.ts";

it("checks, scans and a shared wheel run; what no agent can run ends as not-run with what is missing", async () => {
  await using farm = await Farm.start({ executor: "host", slots: 2, env: { KILN_NO_AGENT_GRACE_MS: "300" } });
  const features = (await farm.api.agents())[0]?.pythons.map(({ feature }) => feature) ?? [];
  const plain = [...new Set(features.filter((feature) => !feature.endsWith("t")))].slice(-2);
  const spec = `
kiln: 1
matrix:
  os: available
  python: ${JSON.stringify(plain)}
  axes: {backend: [eager, compiled]}
build: {wheel: pure}
test:
  command: python -c "import os, demo; assert os.environ['KILN_MATRIX_BACKEND'] in ('eager', 'compiled')"
checks:
  - {name: sources, command: test -f demo.py, files: [.]}
scans:
  - {name: zip, command: 'python -m zipfile -t "$KILN_WHEEL"'}
bench: {command: "true", agents: {labels: {rack: a3}}}
`;
  const run = await farm.api.submit({ spec, name: "demo", version: "1.0", sdist: tarOfPureProject() });
  const view = await farm.api.finished(run);
  const outcomes = Map.groupBy(view.jobs, ({ kind }) => kind);
  const of = (kind: (typeof view.jobs)[number]["kind"]) => outcomes.get(kind)?.map(({ outcome }) => outcome);
  expect(of("build")).toEqual(["passed"]);
  expect(of("check")).toEqual(["passed"]);
  expect(of("scan")).toEqual(["passed"]);
  expect(of("test")).toEqual(Array.from({ length: 2 * plain.length }, () => "passed"));
  expect(of("bench")).toEqual(Array.from({ length: 2 * plain.length }, () => "not-run"));
  const [bench] = outcomes.get("bench") ?? [];
  expect(bench?.summary).toMatch(/no agent has .*rack=a3/);
  // No data is never a pass.
  expect(view.verdict).toBe("inconclusive");
});

it("what names an image waits for an agent with containers, and is not run without one; the rest of the plan runs", async () => {
  await using farm = await Farm.start({ executor: "dummy", slots: 2, env: { KILN_NO_AGENT_GRACE_MS: "300" } });
  const [feature] = (await farm.api.agents())[0]?.pythons.map((python) => python.feature) ?? [];
  const spec = `
matrix: {os: [linux-x86_64], python: ["${feature}"]}
build: {env: {KILN_DUMMY: pass}, container: {network: open}, wheels: [{kind: native, policy: manylinux_2_28}]}
test: {command: pass, container: {image: "debian:12"}}
`;
  const run = await farm.api.submit({ spec, name: "demo", version: "1.0", sdist: tarOfPureProject() });
  const { jobs } = await farm.api.finished(run);
  expect(jobs.map(({ kind, outcome }) => [kind, outcome])).toEqual([
    ["build", "passed"],
    ["test", "not-run"],
  ]);
  expect(jobs[1]?.summary).toContain("no agent has containers (Docker or Podman)");
});
