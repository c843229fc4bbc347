import { describe, expect, it } from "vitest";
import { JOB_KINDS, OUTCOMES } from "@kiln/proto";
import type { AgentSample } from "../../domain/farm-gauges.ts";
import { createPrometheusMetrics, type PrometheusMetrics } from "./metrics.ts";

const LIMITS = ["queued-jobs", "http-json-bytes"];
const newMetrics = () => createPrometheusMetrics({ version: "1.2.3", limits: LIMITS });

/** The samples of our own metrics, `name{labels}` to value. */
async function samples(metrics: PrometheusMetrics): Promise<Map<string, number>> {
  const { text } = await metrics.scrape();
  const lines = text.split("\n").filter((line) => line.startsWith("kiln_"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

function sample(agent: string, fields: Partial<AgentSample> = {}): AgentSample {
  return { agent, state: "online", mode: "active", health: "good", slotsBusy: 2, said: null, ...fields };
}

function observeAgents(metrics: PrometheusMetrics, agents: () => readonly AgentSample[]): void {
  const none = { jobsByState: {}, agentsOnline: 0, slots: 0, slotsBusy: 0, devicesQuarantined: 0 };
  metrics.observe(() => ({ ...none, storedBlobs: 0, storedBlobBytes: 0, agents: agents() }));
}

describe("the metrics of a coordinator", () => {
  it("start at 0 for every label that is known beforehand", async () => {
    const before = await samples(newMetrics());
    for (const outcome of OUTCOMES) {
      expect(before.get(`kiln_jobs_finished_total{kind="build",outcome="${outcome}"}`)).toBe(0);
      expect(before.get(`kiln_jobs_finished_total{kind="test",outcome="${outcome}"}`)).toBe(0);
    }
    for (const limit of LIMITS) expect(before.get(`kiln_limits_reached_total{limit="${limit}"}`)).toBe(0);
    expect(before.get('kiln_result_frames_refused_total{reason="superseded"}')).toBe(0);
    for (const kind of JOB_KINDS) {
      expect(before.get(`kiln_job_start_latency_seconds_count{kind="${kind}",pool="linux-x86_64"}`)).toBe(0);
      expect(before.get(`kiln_job_queue_seconds_count{kind="${kind}",pool="linux-x86_64 gpu"}`)).toBe(0);
    }
    expect(before.get("kiln_leases_expired_total")).toBe(0);
    expect(before.get('kiln_jobs{state="ready"}')).toBe(0);
    expect(before.get('kiln_build_info{version="1.2.3"}')).toBe(1);
  });

  it("count what happened, in seconds and bytes", async () => {
    const metrics = newMetrics();
    metrics.jobFinished("build", "passed");
    metrics.jobStarted("test", "linux-x86_64", 1_500);
    metrics.committed(7, 3);
    metrics.scheduled(4, 2);
    metrics.framesReceived(10, 65_536);
    metrics.frameRefused("superseded");
    metrics.leaseExpired();
    metrics.limitReached("queued-jobs");
    const after = await samples(metrics);
    expect(after.get('kiln_jobs_finished_total{kind="build",outcome="passed"}')).toBe(1);
    expect(after.get('kiln_job_start_latency_seconds_sum{kind="test",pool="linux-x86_64"}')).toBe(1.5);
    expect(after.get("kiln_commit_duration_seconds_sum")).toBe(0.003);
    expect(after.get("kiln_committed_changes_total")).toBe(7);
    expect(after.get("kiln_schedule_duration_seconds_count")).toBe(1);
    expect(after.get("kiln_assignments_total")).toBe(4);
    expect(after.get("kiln_result_frames_total")).toBe(10);
    expect(after.get("kiln_log_bytes_total")).toBe(65_536);
    expect(after.get('kiln_result_frames_refused_total{reason="superseded"}')).toBe(1);
    expect(after.get("kiln_leases_expired_total")).toBe(1);
    expect(after.get('kiln_limits_reached_total{limit="queued-jobs"}')).toBe(1);
  });

  it("read the state of the farm when they are scraped, and forget a state that no job is in", async () => {
    const metrics = newMetrics();
    let ready = 3;
    const stored = { storedBlobs: 7, storedBlobBytes: 1_000 };
    metrics.observe(() => ({
      jobsByState: ready ? { ready } : {},
      agentsOnline: 2,
      slots: 16,
      slotsBusy: 5,
      agents: ["box", "mac"].map((agent) => ({
        agent,
        state: "online",
        mode: "draining",
        health: "suspect",
        slotsBusy: 1,
        said: null,
      })),
      devicesQuarantined: 1,
      ...stored,
    }));
    const first = await samples(metrics);
    expect(first.get('kiln_jobs{state="ready"}')).toBe(3);
    expect([first.get("kiln_agents_online"), first.get("kiln_slots"), first.get("kiln_slots_busy")]).toEqual([
      2, 16, 5,
    ]);
    expect(first.get('kiln_agents{state="online",mode="draining",health="suspect"}')).toBe(2);
    expect(first.get('kiln_agent_info{agent="mac",state="online",mode="draining",health="suspect"}')).toBe(1);
    expect(first.get("kiln_devices_quarantined")).toBe(1);
    expect([first.get("kiln_blobs"), first.get("kiln_blob_bytes")]).toEqual([7, 1_000]);
    ready = 0;
    expect((await samples(metrics)).get('kiln_jobs{state="ready"}')).toBe(0);
  });

  it("tell what online agents said last, in base units, and nothing that they did not say", async () => {
    const metrics = newMetrics();
    const gpu = {
      uuid: "GPU-1",
      utilizationPercent: 97,
      temperatureCelsius: 61,
      smClockMhz: 1_980,
      memoryUsedBytes: null,
    };
    const readings = { cpuPressure: 12.5, memoryPressure: null, ioPressure: 0, memoryAvailableBytes: 7, gpus: [gpu] };
    let said: AgentSample["said"] = { diskFreeBytes: 5, spoolBytes: 3, readings };
    observeAgents(metrics, () => [sample("box", { said })]);
    const online = await samples(metrics);
    expect(Object.fromEntries(online.entries().filter(([name]) => /_(?:agent|gpu)_.*agent="box"/.test(name)))).toEqual({
      'kiln_agent_info{agent="box",state="online",mode="active",health="good"}': 1,
      'kiln_agent_slots_busy{agent="box"}': 2,
      'kiln_agent_disk_free_bytes{agent="box"}': 5,
      'kiln_agent_spool_bytes{agent="box"}': 3,
      'kiln_agent_pressure_ratio{agent="box",resource="cpu"}': 0.125,
      'kiln_agent_pressure_ratio{agent="box",resource="io"}': 0,
      'kiln_agent_memory_available_bytes{agent="box"}': 7,
      'kiln_gpu_utilization_ratio{agent="box",gpu="GPU-1"}': 0.97,
      'kiln_gpu_temperature_celsius{agent="box",gpu="GPU-1"}': 61,
      'kiln_gpu_sm_clock_hertz{agent="box",gpu="GPU-1"}': 1.98e9,
    });
    said = null;
    const gone = await samples(metrics);
    expect([...gone.keys()].filter((name) => /kiln_(?:gpu|agent_(?:disk|spool|pressure|memory))/.test(name))).toEqual(
      [],
    );
  });

  it("tell five hundred agents, and that there are more, once", async () => {
    const metrics = newMetrics();
    observeAgents(metrics, () => Array.from({ length: 501 }, (_, n) => sample(`a${n}`)));
    await metrics.scrape();
    const after = await samples(metrics);
    expect([...after.keys()].filter((name) => name.startsWith("kiln_agent_info"))).toHaveLength(500);
    expect(after.get('kiln_agents{state="online",mode="active",health="good"}')).toBe(501);
    expect(after.get('kiln_limits_reached_total{limit="agent-series"}')).toBe(1);
  });

  it("stay bounded whatever names they are given", async () => {
    const metrics = newMetrics();
    for (let n = 0; n < 1_000; n++) {
      metrics.limitReached(`limit-${n}`);
      metrics.frameRefused(`reason-${n}`);
      metrics.jobStarted(`kind-${n}`, "linux-x86_64", 1);
      metrics.jobQueued("test", `linux-x86_64 ${n} gpus`, 1);
      metrics.jobFinished(`kind-${n}`, "passed");
    }
    const after = await samples(metrics);
    expect(after.size).toBeLessThan(1_500);
    expect(after.get('kiln_job_queue_seconds_count{kind="test",pool="other"}')).toBe(1_000 - 10);
    expect(after.get('kiln_limits_reached_total{limit="other"}')).toBe(1_000 - 48);
  });

  it("tell what the bus holds for agents, and nothing while that is not known", async () => {
    const metrics = newMetrics();
    metrics.assignmentsHeld({ undelivered: 3, unacknowledged: 2, oldestAgeMs: 1_500 });
    const held = await samples(metrics);
    expect(held.get('kiln_nats_assignments{state="undelivered"}')).toBe(3);
    expect(held.get('kiln_nats_assignments{state="unacknowledged"}')).toBe(2);
    expect(held.get('kiln_nats_assignments_lag_seconds{stream="assignments"}')).toBe(1.5);
    metrics.assignmentsHeld(null);
    expect((await metrics.scrape()).text).not.toMatch(/^kiln_nats_assignments.*\d$/m);
  });

  it("do not count backwards when the clock is set back", async () => {
    const metrics = newMetrics();
    metrics.jobStarted("build", "linux-x86_64", -5_000);
    expect((await samples(metrics)).get('kiln_job_start_latency_seconds_sum{kind="build",pool="linux-x86_64"}')).toBe(
      0,
    );
  });

  it("come with those of the process", async () => {
    const { text, contentType } = await newMetrics().scrape();
    expect(text).toContain("process_resident_memory_bytes ");
    expect(text).toContain("nodejs_eventloop_lag_p99_seconds ");
    expect(contentType).toContain("text/plain");
  });
});
