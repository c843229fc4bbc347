import { join } from "node:path";
import { expect, it } from "vitest";
import { Farm } from "../farm/farm.ts";
import { tarOfPureProject } from "../farm/pure-project.ts";
import { startBenchmarkingAgent } from "./benchmarking-agent.ts";
import { committedDashboards, queriesOf, variableQueries, type PanelQuery } from "./dashboard-queries.ts";
import { startGpuMachine } from "./gpu-machine.ts";
import { Prometheus, type Alert } from "./prometheus.ts";

const SPEC = `
matrix: {os: available, python: ["3.12"]}
build: {wheel: pure, env: {KILN_DUMMY: pass}}
test: {command: pass}
bench: {command: pass, format: kiln}
`;
const dashboards = committedDashboards();

it("each dashboard has a name of its own, each panel says what it is for, and asks the chosen data source", () => {
  expect(dashboards).toHaveLength(4);
  expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(dashboards.length);
  for (const { uid, file, panels } of dashboards) {
    expect(`${uid}.json`).toBe(file);
    const drawn = panels.filter(({ type }) => type !== "row");
    expect(drawn.length).toBeGreaterThan(5);
    expect(new Set(drawn.map(({ title }) => title)).size).toBe(drawn.length);
    for (const { title, description, datasource, targets = [] } of drawn) {
      expect(description, title).toMatch(/\.$/);
      expect(targets.length, title).toBeGreaterThan(0);
      for (const source of [datasource, ...targets.map((target) => target.datasource)]) {
        expect(source, title).toEqual({ type: "prometheus", uid: "${datasource}" });
      }
    }
  }
});

it("a real Prometheus has data for every panel of a farm that judged a candidate, whose regression alerts until it is fixed", async () => {
  await using farm = await Farm.start({ executor: "dummy", slots: 4, agents: [] });
  await using _agent = await startBenchmarkingAgent(farm, "bench", { "1.1": 1.1 });
  await using _gpus = await startGpuMachine(farm, "gpus");
  const authority = join(farm.identity.folder, "ca.pem");
  const url = farm.coordinator.ready.httpUrl;
  const { token } = await farm.api.createToken({ name: "prometheus", role: "viewer" });
  await using prometheus = await Prometheus.start(join(farm.dir, "prometheus"), { url, authority, token });
  // Rates need what was before the first job.
  await prometheus.until(
    async () => ((await prometheus.now('up{job="kiln"} == 1')).length > 0 ? true : null),
    () => "the coordinator was not scraped",
  );
  const judged = async (version: string): Promise<string> => {
    const run = await farm.api.submit({ spec: SPEC, name: "demo", version, sdist: tarOfPureProject() });
    const { verdict, reason } = await farm.api.finished(run);
    return `${verdict}: ${reason}`;
  };
  const regression = async (): Promise<Alert | undefined> =>
    (await prometheus.alerts()).find(({ labels }) => labels["alertname"] === "KilnBenchmarkRegression");

  expect(await judged("1.0")).toMatch(/^pass/);
  const itself = await farm.api.finished((await farm.api.compareWithItself("r1")).run);
  expect(itself.reason).toMatch(/^r1 against itself: the gate would have stopped 0 of 2 benchmarks\./);
  expect(await judged("1.1")).toMatch(/^fail: .*fib/);
  const alert = await prometheus.until(
    async () => (await regression()) ?? null,
    () => "a confirmed regression turned no alert on",
  );
  expect(alert).toMatchObject({ state: "firing", labels: { project: "demo", release: "1.1" } });
  expect(alert.annotations["summary"]).toMatch(/^fib:\w+ of demo 1\.1 is slower$/);

  const asked = dashboards.flatMap(queriesOf);
  let empty: readonly PanelQuery[] = asked;
  await prometheus.until(
    async () => {
      empty = await filterAsync(
        empty,
        async ({ expr, isInstant }) =>
          (await (isInstant ? prometheus.now(expr) : prometheus.lately(expr, 60))).length === 0,
      );
      return empty.length === 0 ? true : null;
    },
    () => `without data:\n${empty.map(({ where, expr }) => `${where}: ${expr}`).join("\n")}`,
  );
  for (const { where, match, label } of dashboards.flatMap(variableQueries)) {
    expect(await prometheus.labelValues(label, match), where).not.toEqual([]);
  }
  const worse = await prometheus.now('kiln_bench_ratio{release="1.1"}');
  expect(worse.map(({ metric }) => metric["benchmark"])).toEqual(expect.arrayContaining(["fib:rate", "fib:time"]));
  // One is better lower, the other higher: both are as much worse.
  for (const { value } of worse) expect(Number(value?.[1])).toBeCloseTo(1.1, 2);

  expect(await judged("1.2")).toMatch(/^pass/);
  await prometheus.until(
    async () => ((await regression()) ? null : true),
    () => "a fixed candidate did not turn the alert off",
  );
});

async function filterAsync<T>(all: readonly T[], holds: (one: T) => Promise<boolean>): Promise<readonly T[]> {
  const kept: T[] = [];
  for (const one of all) if (await holds(one)) kept.push(one);
  return kept;
}
