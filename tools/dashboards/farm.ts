import { lines, number, type Section } from "./panels.ts";

const KIND = 'kind=~"$kind"';
const quantiles = (metric: string, matcher: string, by: string): readonly { expr: string; legend: string }[] =>
  [0.5, 0.99].map((q) => ({
    expr: `histogram_quantile(${q}, sum by (le${by === "" ? "" : `, ${by}`}) (rate(${metric}_bucket{${matcher}}[$__rate_interval])))`,
    legend: [`p${q * 100}`, ...by.split(", ").flatMap((label) => (label === "" ? [] : [`{{${label}}}`]))].join(" "),
  }));

export const FARM_SECTIONS: readonly Section[] = [
  {
    title: "Now",
    panels: [
      number("Agents online", "kiln_agents_online", { says: "Agents that are heard of." }),
      number("Slots in use", "kiln_slots_busy / kiln_slots", {
        says: "Share of what the agents online can run at once.",
        unit: "percentunit",
      }),
      number("Jobs that wait", 'kiln_jobs{state="ready"}', {
        says: "Ready, and given to no agent. kiln show RUN --why JOB says why.",
      }),
      number("Jobs that run", 'sum(kiln_jobs{state=~"assigned|running"})', { says: "Given to agents." }),
      number("Leases lost, last hour", "increase(kiln_leases_expired_total[1h])", {
        says: "Attempts whose agent was not heard of in time.",
        thresholds: [
          { value: null, color: "green" },
          { value: 1, color: "orange" },
        ],
      }),
      number("Version", "kiln_build_info", { says: "Of the coordinator; always 1." }),
    ],
  },
  {
    title: "Jobs",
    panels: [
      lines("Jobs by state", [{ expr: "kiln_jobs", legend: "{{state}}" }], {
        says: "Of runs that are not finished.",
        stacked: true,
      }),
      lines("Start latency", quantiles("kiln_job_start_latency_seconds", KIND, "kind, pool"), {
        says: "From submission, or from the last job it needed, to the agent's start; by platform, with and without GPUs.",
        unit: "s",
      }),
      lines("Queue time", quantiles("kiln_job_queue_seconds", KIND, "kind, pool"), {
        says: "From submission, or from the last job it needed, until an agent was given it; by platform, with and without GPUs.",
        unit: "s",
      }),
      lines(
        "Jobs finished",
        [
          {
            expr: `sum by (kind, outcome) (rate(kiln_jobs_finished_total{${KIND}}[$__rate_interval])) > 0 or sum by (kind) (rate(kiln_jobs_finished_total{${KIND}}[$__rate_interval]))`,
            legend: "{{kind}} {{outcome}}",
          },
        ],
        {
          says: "A second, by kind and outcome.",
          unit: "ops",
        },
      ),
      lines(
        "Results taken from earlier runs",
        [{ expr: "rate(kiln_jobs_reused_total[$__rate_interval])", legend: "{{kind}}" }],
        {
          says: "Jobs that did not have to run.",
          unit: "ops",
        },
      ),
    ],
  },
  {
    title: "Coordinator",
    panels: [
      lines("Scheduler", quantiles("kiln_schedule_duration_seconds", "", ""), {
        says: "Time that one pass takes.",
        unit: "s",
      }),
      lines("Commits", quantiles("kiln_commit_duration_seconds", "", ""), {
        says: "Time that a durable commit takes: the store's latency.",
        unit: "s",
      }),
      lines("NATS", quantiles("kiln_nats_round_trip_seconds", "", ""), {
        says: "Time of a ping to nats-server and back.",
        unit: "s",
      }),
      lines("Assignments held", [{ expr: "kiln_nats_assignments", legend: "{{state}}" }], {
        says: "What NATS holds for agents: not given to them yet, or given and not acknowledged. Normally none.",
      }),
      lines("Assignment lag", [{ expr: "kiln_nats_assignments_lag_seconds", legend: "oldest" }], {
        says: "Age of the oldest assignment that its agent has not acknowledged.",
        unit: "s",
      }),
      lines("Results", [{ expr: "rate(kiln_log_bytes_total[$__rate_interval])", legend: "log bytes" }], {
        says: "Output taken from agents.",
        unit: "Bps",
      }),
      lines("Limits reached", [{ expr: "rate(kiln_limits_reached_total[$__rate_interval])", legend: "{{limit}}" }], {
        says: "Times that a limit refused or delayed something.",
        unit: "ops",
      }),
      lines("Blobs", [{ expr: "kiln_blob_bytes", legend: "bytes" }], {
        says: "Bytes of sources, wheels and results that are kept.",
        unit: "bytes",
      }),
      lines("Memory", [{ expr: "process_resident_memory_bytes", legend: "{{job}} {{instance}}" }], {
        says: "Of the coordinator's process.",
        unit: "bytes",
      }),
      lines("Event loop", [{ expr: "nodejs_eventloop_lag_p99_seconds", legend: "p99" }], {
        says: "How long the coordinator's event loop is held up.",
        unit: "s",
      }),
    ],
  },
];
