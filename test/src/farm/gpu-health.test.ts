import { join } from "node:path";
import { fakeGpu, FakeGpus, fakeMachine } from "@kiln/testkit";
import type { AgentDetail } from "@kiln/proto";
import { expect, it } from "vitest";
import { Farm } from "./farm.ts";
import { tarOfPureProject } from "./pure-project.ts";

const specOf = (feature: string, parts: string) => `
kiln: 1
matrix:
  os: [linux-x86_64]
  python: ["${feature}"]
  gpu: ["8.0"]
  axes: {part: ${parts}}
build: {wheel: pure, env: {KILN_DUMMY: pass}}
test: {command: pass}
`;

async function submit(farm: Farm, version: string, parts: string): Promise<string> {
  const [agent] = await farm.api.agents();
  const feature = agent?.pythons.map((python) => python.feature).find((one) => !one.endsWith("t")) ?? "";
  return farm.api.submit({ spec: specOf(feature, parts), name: "demo", version, sdist: tarOfPureProject() });
}

async function detail(farm: Farm, name: string): Promise<AgentDetail> {
  return (await (await farm.api.fetch(`/api/v1/agents/${name}`)).json()) as AgentDetail;
}

// The fake programs of NVIDIA's are shell scripts.
it.runIf(process.platform === "linux")(
  "a GPU that fails its health check is quarantined, its job finishes elsewhere, and the queue moves on",
  async () => {
    await using farm = await Farm.start({ executor: "dummy", slots: 2, agents: [] });
    const broken = new FakeGpus(join(farm.dir, "broken-machine"), fakeMachine([fakeGpu("GPU-broken")]));
    const sound = new FakeGpus(join(farm.dir, "sound-machine"), fakeMachine([fakeGpu("GPU-sound")]));
    await farm.startAgent("broken", broken.env);
    const before = await farm.api.finished(await submit(farm, "1.0", "[a]"));
    expect(before.jobs.map(({ outcome }) => outcome)).toEqual(["passed", "passed"]);
    expect((await detail(farm, "broken")).gpus).toMatchObject([{ uuid: "GPU-broken", health: { name: "good" } }]);

    // It is the only one when it breaks; another machine comes when the first attempt has ended.
    broken.change("GPU-broken", { kernel: "wrong" });
    const run = await submit(farm, "2.0", "[a, b, c]");
    let hasHelp = false;
    for await (const event of farm.api.events(run)) {
      const hasFailed =
        event.type === "job" && event.job.kind === "test" && event.job.attempts === 1 && event.job.state === "ready";
      if (!hasFailed || hasHelp) continue;
      hasHelp = true;
      expect((await detail(farm, "broken")).gpus[0]?.health).toMatchObject({ name: "quarantined" });
      await farm.startAgent("sound", sound.env);
    }

    const { jobs } = await farm.api.run(run);
    expect(jobs.map(({ outcome }) => outcome)).toEqual(jobs.map(() => "passed"));
    const tests = await Promise.all(
      jobs.filter(({ kind }) => kind === "test").map(({ name }) => farm.api.job(run, name)),
    );
    const attempts = tests.map(({ history }) => history.map(({ agentName, outcome }) => `${outcome} on ${agentName}`));
    // Both records of the job that met the broken GPU are kept; no other job met it.
    expect(attempts.toSorted((a, b) => b.length - a.length)).toEqual([
      ["infrastructure on broken", "passed on sound"],
      ["passed on sound"],
      ["passed on sound"],
    ]);
    const failed = tests.flatMap(({ history }) => history).find(({ outcome }) => outcome === "infrastructure");
    expect(failed?.summary).toMatch(/^GPU-broken of broken failed its health check kernel: .* words are wrong/);

    const { gpus, reports } = await detail(farm, "broken");
    expect(gpus[0]?.health.reason).toContain("words are wrong");
    expect(reports[0]).toMatchObject({ moment: "before-job", attempt: { run } });
    // The look at the join goes on while the first job is looked after.
    expect(reports.map(({ moment }) => moment)).toContain("join");
  },
);
