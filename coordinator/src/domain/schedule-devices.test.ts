import type { GpuRequirement, Requirement } from "@kiln/matrix";
import { describe, expect, it } from "vitest";
import { clearHealth, setMode, takeHealthReport } from "./agent-changes.ts";
import { applyJobEvent } from "./apply-job-event.ts";
import { assignReady } from "./assign-ready.ts";
import { newEffects } from "./effects.ts";
import { explainWait } from "./explain-wait.ts";
import { NO_LIMITS, type FarmState } from "./farm-state.ts";
import type { LiveAgent } from "./live-agent.ts";
import type { LiveJob, LiveRun } from "./live-job.ts";
import { newLiveRun } from "./live-run.ts";
import { AGING_MS, KEEP_FREE_AFTER_MS, schedule, STARVING_MS } from "./schedule.ts";
import { agentRow, emptyFarm, gpuRow, liveAgentOf, runRow, twoStepPlan } from "./testing.ts";

const GPU: GpuRequirement = { computeCapability: null, model: null, cuda: null, driver: null };
const PLAIN: Partial<Requirement> = {};
const ON_GPU: Partial<Requirement> = { kind: "test", gpu: GPU };
const BENCH: Partial<Requirement> = { kind: "bench" };
const context = { nowMs: 1, leaseTtlMs: 1_000, summary: "" };

interface Machine {
  readonly hostId?: string;
  readonly gpus?: readonly string[];
  readonly ephemeral?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}

function agent(name: string, slots: number, { hostId = name, gpus = [], ...rest }: Machine = {}): LiveAgent {
  const row = agentRow(name, slots, ["3.12"]);
  const kinds = ["build", "test", "bench"] as const;
  const inventory = { ...row.inventory, gpus: gpus.map((uuid) => gpuRow(uuid)) };
  return liveAgentOf({ ...row, hostId, kinds, inventory, ...rest });
}

/** A run of jobs that need no others. */
function submit(
  farm: FarmState,
  asked: readonly Partial<Requirement>[],
  { priority = 0, maxParallel = 99 } = {},
): LiveRun {
  const plan = twoStepPlan(["3.12"]);
  const [build] = plan.jobs;
  if (!build) throw new Error("the sample plan has jobs");
  const jobs = asked.map((needs, index) => {
    const name = `j${index}`;
    return { ...build, name, key: name, requirement: { ...build.requirement, ...needs } };
  });
  const run = newLiveRun(runRow(++farm.lastRun, priority), { ...plan, jobs, maxParallel }, 0);
  farm.runs.set(run.row.run, run);
  for (const job of run.jobs) farm.ready.add(run, job);
  return run;
}

function assignAll(farm: FarmState, nowMs = 1): string[] {
  const given: string[] = [];
  assignReady(farm, { ...context, nowMs }, newEffects(), schedule, ({ run, job, agent: to, gpus }) =>
    given.push([`r${run.row.run} ${job.name} -> ${to.row.agentId}`, ...gpus].join(" ")),
  );
  return given;
}

function end(farm: FarmState, run: LiveRun, index: number, outcome: "passed" | "infrastructure" = "passed"): LiveJob {
  const job = run.jobs[index];
  if (!job) throw new Error(`no job ${index}`);
  applyJobEvent(
    farm,
    run,
    job,
    { type: "finish", outcome, nowMs: 2 },
    { ...context, summary: "it broke" },
    newEffects(),
  );
  return job;
}

describe("GPUs", () => {
  it("are given to one job at a time, whichever agent of the machine runs it", () => {
    const gpus = ["GPU-1", "GPU-2"];
    const farm = emptyFarm([agent("a", 4, { hostId: "m", gpus }), agent("b", 4, { hostId: "m", gpus })]);
    const run = submit(farm, [ON_GPU, ON_GPU, ON_GPU]);
    expect(assignAll(farm)).toEqual(["r1 j0 -> a GPU-1", "r1 j1 -> b GPU-2"]);
    expect(explainWait(farm, run, run.jobs[2]!.pool)).toBe(
      "waits for a GPU: 2 agents have CPython 3.12 on linux-x86_64 and an NVIDIA GPU, and other jobs hold the GPUs",
    );
    end(farm, run, 0);
    expect(assignAll(farm)).toEqual(["r1 j2 -> a GPU-1"]);
  });

  it("with MIG are given out by slice, and a quarantined GPU takes its slices along", () => {
    const row = agentRow("a", 4, ["3.12"]);
    const slices = ["MIG-1", "MIG-2"].map((uuid) => ({ uuid, profile: "3g.40gb", memoryBytes: 40 * 1024 ** 3 }));
    const gpu = { ...gpuRow("GPU-1"), migMode: "enabled", migSlices: slices };
    const mig = liveAgentOf({ ...row, inventory: { ...row.inventory, gpus: [gpu] } });
    const farm = emptyFarm([mig]);
    const run = submit(farm, [ON_GPU, ON_GPU, ON_GPU]);
    expect(assignAll(farm)).toEqual(["r1 j0 -> a MIG-1", "r1 j1 -> a MIG-2"]);
    const checks = [{ name: "xid", device: "GPU-1", status: "failed" as const, detail: "Xid 79" }];
    takeHealthReport(farm, mig, { moment: "schedule", attempt: null, atMs: 1, checks }, 1, newEffects());
    // What ran on it counts for nothing, and is tried again where it can be: nowhere here.
    end(farm, run, 0, "infrastructure");
    expect(run.jobs[0]?.life).toMatchObject({ state: { name: "ready" }, retriesLeft: 2, replaysLeft: 2 });
    expect(assignAll(farm)).toEqual([]);
    expect(explainWait(farm, run, run.jobs[2]!.pool)).toContain("a has 2 GPUs quarantined (MIG-1)");
    clearHealth(farm, mig, null, 1, newEffects());
    expect(assignAll(farm)).toHaveLength(1);
  });

  it("wait for several at once, and then get them though single ones are asked for all the time", () => {
    const farm = emptyFarm([agent("a", 4, { gpus: ["GPU-1", "GPU-2"] })]);
    const singles = submit(farm, [ON_GPU, ON_GPU, ON_GPU, ON_GPU]);
    assignAll(farm);
    const both = submit(farm, [{ kind: "test", gpu: { ...GPU, count: 2 } }]);
    end(farm, singles, 0);
    expect(assignAll(farm, KEEP_FREE_AFTER_MS)).toEqual([]);
    end(farm, singles, 1);
    expect(assignAll(farm, KEEP_FREE_AFTER_MS)).toEqual(["r2 j0 -> a GPU-1 GPU-2"]);
    expect(both.active).toBe(1);
  });
});

describe("a machine", () => {
  it("belongs to a benchmark alone, on all its agents, and is kept free for one that has waited", () => {
    const farm = emptyFarm([agent("a", 2, { hostId: "m" }), agent("b", 2, { hostId: "m" })]);
    const plain = submit(farm, [PLAIN, PLAIN, PLAIN, PLAIN, PLAIN]);
    expect(assignAll(farm)).toHaveLength(4);
    const bench = submit(farm, [BENCH]);
    end(farm, plain, 0);
    expect(assignAll(farm, KEEP_FREE_AFTER_MS)).toEqual([]);
    expect(explainWait(farm, bench, bench.jobs[0]!.pool)).toBe(
      "waits for a machine to itself: 2 agents have CPython 3.12 on linux-x86_64, " +
        "which is busy; nothing new begins on a and b until it is idle",
    );
    expect(explainWait(farm, plain, plain.jobs[4]!.pool)).toContain(
      "another job is about to have its machine to itself",
    );
    for (const index of [1, 2, 3]) end(farm, plain, index);
    expect(assignAll(farm, KEEP_FREE_AFTER_MS)).toEqual(["r2 j0 -> a"]);
    end(farm, bench, 0);
    expect(assignAll(farm, KEEP_FREE_AFTER_MS)).toEqual(["r1 j4 -> a"]);
  });

  it("is not kept free any more when its benchmark is cancelled", () => {
    const farm = emptyFarm([agent("a", 2)]);
    const plain = submit(farm, [PLAIN, PLAIN, PLAIN]);
    assignAll(farm);
    const bench = submit(farm, [BENCH]);
    end(farm, plain, 0);
    assignAll(farm, KEEP_FREE_AFTER_MS);
    expect(farm.reserved.size).toBe(1);
    applyJobEvent(farm, bench, bench.jobs[0]!, { type: "cancel" }, context, newEffects());
    expect(assignAll(farm, KEEP_FREE_AFTER_MS)).toEqual(["r1 j2 -> a"]);
    expect(farm.reserved.size).toBe(0);
  });
});

describe("who gets nothing", () => {
  it("is drained, paused or quarantined, and the wait says who and why", () => {
    const [a, b, c] = [agent("a", 1), agent("b", 1), agent("c", 1)];
    const farm = emptyFarm([a, b, c]);
    setMode(farm, a, { name: "draining", reason: "new driver" }, 1, newEffects());
    setMode(farm, b, { name: "paused", reason: "" }, 1, newEffects());
    const checks = [{ name: "disk", device: "", status: "failed" as const, detail: "0 bytes free" }];
    takeHealthReport(farm, c, { moment: "schedule", attempt: null, atMs: 1, checks }, 1, newEffects());
    const run = submit(farm, [PLAIN]);
    expect(assignAll(farm)).toEqual([]);
    expect(explainWait(farm, run, run.jobs[0]!.pool)).toBe(
      "no agent that has CPython 3.12 on linux-x86_64 is in use: a is draining (new driver), b is paused and " +
        "c is quarantined (c failed its health check disk: 0 bytes free)",
    );
    setMode(farm, b, { name: "active", reason: "" }, 1, newEffects());
    expect(assignAll(farm)).toEqual(["r1 j0 -> b"]);
  });

  it("had the job and lost it, while another can run it", () => {
    const farm = emptyFarm([agent("a", 1), agent("b", 1)]);
    const run = submit(farm, [PLAIN, PLAIN]);
    expect(assignAll(farm)).toEqual(["r1 j0 -> a", "r1 j1 -> b"]);
    const lost = end(farm, run, 0, "infrastructure");
    expect(farm.agents.get("a")?.standing.health).toMatchObject({ name: "suspect", reason: "it broke" });
    expect(assignAll(farm)).toEqual([]);
    end(farm, run, 1);
    expect(assignAll(farm)).toEqual(["r1 j0 -> b"]);
    end(farm, run, 0, "infrastructure");
    expect(lost.avoid).toEqual(["a", "b"]);
    expect(assignAll(farm)).toHaveLength(1);
  });

  it("takes one job only, and has had it", () => {
    const farm = emptyFarm([agent("a", 4, { ephemeral: true })]);
    const run = submit(farm, [PLAIN, PLAIN]);
    expect(assignAll(farm)).toEqual(["r1 j0 -> a"]);
    end(farm, run, 0);
    expect(assignAll(farm)).toEqual([]);
  });
});

describe("order", () => {
  it("is by priority, and what waits gains on it", () => {
    const farm = emptyFarm([agent("a", 1)]);
    const low = submit(farm, [PLAIN], { priority: -5 });
    const high = submit(farm, [PLAIN, PLAIN, PLAIN], { priority: 0 });
    expect(assignAll(farm, 1)).toEqual(["r2 j0 -> a"]);
    end(farm, high, 0);
    expect(assignAll(farm, 6 * AGING_MS)).toEqual(["r2 j1 -> a"]);
    end(farm, high, 1);
    // Six minutes without anything against one that was served just now.
    expect(assignAll(farm, 6 * AGING_MS)).toEqual(["r1 j0 -> a"]);
    expect(low.active).toBe(1);
  });

  it("puts what nothing of was served for long before what is scarce", () => {
    const others = Array.from({ length: 6 }, (_, index) => ({
      ...agent(`x${index}`, 8),
      presence: "expected" as const,
    }));
    const farm = emptyFarm([agent("a", 1, { gpus: ["GPU-1"] }), ...others]);
    const scarce = submit(farm, [ON_GPU, ON_GPU, ON_GPU]);
    submit(farm, [PLAIN]);
    expect(assignAll(farm)).toEqual(["r1 j0 -> a GPU-1"]);
    end(farm, scarce, 0);
    expect(assignAll(farm, STARVING_MS - 1)).toEqual(["r1 j1 -> a GPU-1"]);
    end(farm, scarce, 1);
    expect(assignAll(farm, STARVING_MS + 1)).toEqual(["r2 j0 -> a"]);
  });

  it("lets a run and a project have so many jobs at a time, and says so", () => {
    const farm = emptyFarm([agent("a", 9)], { ...NO_LIMITS, projectJobsMax: 3 });
    const small = submit(farm, [PLAIN, PLAIN, PLAIN], { maxParallel: 2 });
    const large = submit(farm, [PLAIN, PLAIN]);
    expect(assignAll(farm)).toHaveLength(3);
    expect([small.active, large.active]).toEqual([2, 1]);
    expect(explainWait(farm, small, small.jobs[2]!.pool)).toBe(
      "held back: 2 jobs of r1 run, and its max-parallel is 2",
    );
    expect(explainWait(farm, large, large.jobs[1]!.pool)).toBe(
      "held back: 3 jobs of demo run, and the farm's limit for a project is 3",
    );
  });
});

describe("labels", () => {
  it("are had by the agent that gets the job; the nearest that has them not is named", () => {
    const farm = emptyFarm([agent("a", 1), agent("b", 1, { labels: { rack: "b1", nvlink: "" } })]);
    submit(farm, [{ labels: { rack: "b1", nvlink: null } }]);
    expect(assignAll(farm)).toEqual(["r1 j0 -> b"]);
    const never = submit(farm, [{ labels: { rack: "c7", nvlink: null } }]);
    expect(explainWait(farm, never, never.jobs[0]!.pool)).toBe("no agent has the label rack=c7; b comes nearest");
  });
});

it("a wait says what the agents are busy with, and until about when", () => {
  const farm = emptyFarm([agent("a", 1), agent("b", 1)]);
  const run = submit(farm, [PLAIN, PLAIN, PLAIN]);
  assignAll(farm);
  const detail = {
    nowMs: 0,
    expectedEndMs: ({ agentId }: { agentId: string }) => (agentId === "b" ? 4 * 60_000 : null),
  };
  expect(explainWait(farm, run, run.jobs[2]!.pool, detail)).toBe(
    "waits for a slot: 2 agents have CPython 3.12 on linux-x86_64, all 2 slots are busy; " +
      "b runs j1 of r1, for about 4 min more and a runs j0 of r1",
  );
});
