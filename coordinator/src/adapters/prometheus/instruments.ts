import { JOB_KINDS, JOB_STATES, OUTCOMES } from "@kiln/proto";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** Why ingest refuses a frame. */
export const REFUSAL_REASONS = ["superseded", "foreign", "violation"] as const;

/** Pools whose series start at 0; those of others begin with their first job. */
export const COMMON_POOLS = ["linux-x86_64", "linux-x86_64 gpu"] as const;

const MILLISECONDS_TO_MINUTES = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1_800];
const SUB_MILLISECOND_TO_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

export type Instruments = ReturnType<typeof makeInstruments>;

/**
 * Every metric of the coordinator, named by the Prometheus conventions (base
 * units, `_total` for counters: https://prometheus.io/docs/practices/naming/).
 * All series that are known beforehand start at 0, so that `rate()` sees the
 * first event.
 */
export function makeInstruments(registry: Registry, limits: readonly string[]) {
  const registers = [registry];
  const made = {
    info: new Gauge({ name: "kiln_build_info", help: "Always 1", labelNames: ["version"], registers }),
    ...jobInstruments(registry),
    ...busInstruments(registry),
    ...resultInstruments(registry),
    ...storageInstruments(registry),
    leasesExpired: new Counter({
      name: "kiln_leases_expired_total",
      help: "Attempts whose agent was not heard of in time",
      registers,
    }),
    limitsReached: new Counter({
      name: "kiln_limits_reached_total",
      help: "Times that a limit refused or delayed something, by the limit's name",
      labelNames: ["limit"],
      registers,
    }),
    agentsOnline: new Gauge({ name: "kiln_agents_online", help: "Agents that are heard of", registers }),
    devicesQuarantined: new Gauge({
      name: "kiln_devices_quarantined",
      help: "GPUs and MIG slices that failed a health check and get no jobs",
      registers,
    }),
    slots: new Gauge({ name: "kiln_slots", help: "Jobs that the agents online can run at once", registers }),
    slotsBusy: new Gauge({ name: "kiln_slots_busy", help: "Slots of the agents online that are in use", registers }),
  };
  startAtZero(made, limits);
  return made;
}

function jobInstruments(registry: Registry) {
  const registers = [registry];
  return {
    jobs: new Gauge({
      name: "kiln_jobs",
      help: "Jobs of the runs that are not finished, by state",
      labelNames: ["state"],
      registers,
    }),
    jobsFinished: new Counter({
      name: "kiln_jobs_finished_total",
      help: "Jobs that ended, by kind and outcome",
      labelNames: ["kind", "outcome"],
      registers,
    }),
    jobsReused: new Counter({
      name: "kiln_jobs_reused_total",
      help: "Jobs whose result was taken from an earlier run, by kind; they are not among those that ended",
      labelNames: ["kind"],
      registers,
    }),
    queueTime: new Histogram({
      name: "kiln_job_queue_seconds",
      help: "From submission, or from the last job it needed, until an agent was given it",
      labelNames: ["kind", "pool"],
      buckets: MILLISECONDS_TO_MINUTES,
      registers,
    }),
    startLatency: new Histogram({
      name: "kiln_job_start_latency_seconds",
      help: "From submission, or from the last job it needed, to the agent's start",
      labelNames: ["kind", "pool"],
      buckets: MILLISECONDS_TO_MINUTES,
      registers,
    }),
    commitDuration: new Histogram({
      name: "kiln_commit_duration_seconds",
      help: "Time that a durable commit took",
      buckets: SUB_MILLISECOND_TO_SECONDS,
      registers,
    }),
    committedChanges: new Counter({
      name: "kiln_committed_changes_total",
      help: "Changes made durable; several share a commit",
      registers,
    }),
    scheduleDuration: new Histogram({
      name: "kiln_schedule_duration_seconds",
      help: "Time that one pass of the scheduler took",
      buckets: SUB_MILLISECOND_TO_SECONDS,
      registers,
    }),
    assignments: new Counter({ name: "kiln_assignments_total", help: "Attempts given to agents", registers }),
  };
}

function busInstruments(registry: Registry) {
  const registers = [registry];
  return {
    busRoundTrip: new Histogram({
      name: "kiln_nats_round_trip_seconds",
      help: "Time of a ping to nats-server and back, asked every 15 seconds",
      buckets: SUB_MILLISECOND_TO_SECONDS,
      registers,
    }),
    assignmentsHeld: new Gauge({
      name: "kiln_nats_assignments",
      help: "Assignments that agents have not acknowledged: not given to them yet, or given; asked every 15 seconds",
      labelNames: ["state"],
      registers,
    }),
    assignmentsLag: new Gauge({
      name: "kiln_nats_assignments_lag_seconds",
      help: "Age of the oldest assignment that its agent has not acknowledged; 0 without any",
      // With a label it is absent, and not 0, until it is known.
      labelNames: ["stream"],
      registers,
    }),
  };
}

function resultInstruments(registry: Registry) {
  const registers = [registry];
  return {
    frames: new Counter({ name: "kiln_result_frames_total", help: "Result frames taken from agents", registers }),
    framesRefused: new Counter({
      name: "kiln_result_frames_refused_total",
      help: "Result frames refused, by reason",
      labelNames: ["reason"],
      registers,
    }),
    logBytes: new Counter({ name: "kiln_log_bytes_total", help: "Bytes of output taken from agents", registers }),
  };
}

function storageInstruments(registry: Registry) {
  const registers = [registry];
  return {
    storedBlobs: new Gauge({ name: "kiln_blobs", help: "Blobs that are kept", registers }),
    storedBlobBytes: new Gauge({ name: "kiln_blob_bytes", help: "Bytes of the blobs that are kept", registers }),
    removedBytes: new Counter({
      name: "kiln_retention_removed_bytes_total",
      help: "Bytes that the retention removed, by what they were",
      labelNames: ["what"],
      registers,
    }),
    sweepDuration: new Gauge({
      name: "kiln_retention_sweep_duration_seconds",
      help: "Time that the last whole sweep took, pauses included",
      registers,
    }),
  };
}

function startAtZero(made: Omit<Instruments, "info">, limits: readonly string[]): void {
  for (const kind of JOB_KINDS) {
    for (const pool of COMMON_POOLS) {
      made.startLatency.zero({ kind, pool });
      made.queueTime.zero({ kind, pool });
    }
    made.jobsReused.inc({ kind }, 0);
    for (const outcome of OUTCOMES) made.jobsFinished.inc({ kind, outcome }, 0);
  }
  for (const state of JOB_STATES) made.jobs.set({ state }, 0);
  for (const what of ["blob", "log"]) made.removedBytes.inc({ what }, 0);
  for (const reason of REFUSAL_REASONS) made.framesRefused.inc({ reason }, 0);
  for (const limit of limits) made.limitsReached.inc({ limit }, 0);
}
