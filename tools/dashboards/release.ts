import { lines, number, table, type Section } from "./panels.ts";

const OF = 'project=~"$project"';

export const RELEASE_SECTIONS: readonly Section[] = [
  {
    title: "Verdict",
    panels: [
      table("Newest candidates", [{ expr: `kiln_verdict{${OF}} == 1`, legend: "is" }], {
        says: "The verdict of each project's newest judged candidate.",
        hidden: ["Value"],
        height: 6,
      }),
      number("Gates that stop it", `sum(kiln_gate_outcome{${OF}, outcome="fail"})`, {
        says: "Gates that failed. kiln verdict RUN says on what evidence.",
        thresholds: [
          { value: null, color: "green" },
          { value: 1, color: "red" },
        ],
      }),
      number("Gates without an answer", `sum(kiln_gate_outcome{${OF}, outcome=~"inconclusive|invalid|not-run"})`, {
        says: "No data is never a pass: these keep a candidate from a verdict of pass.",
        thresholds: [
          { value: null, color: "green" },
          { value: 1, color: "orange" },
        ],
      }),
      number("Waivers in use", `sum(kiln_gate_outcome{${OF}, outcome="waived"})`, {
        says: "Gates that a person has opened, with a name, a reason and an expiry.",
      }),
    ],
  },
  {
    title: "Gates",
    panels: [
      table("Gate by gate", [{ expr: `kiln_gate_outcome{${OF}} == 1`, legend: "is" }], {
        says: "Of each project's newest judged candidate.",
        hidden: ["Value"],
        height: 14,
      }),
    ],
  },
  {
    title: "Runs",
    panels: [
      lines(
        "Runs judged",
        [{ expr: "sum by (verdict) (increase(kiln_runs_judged_total[$__rate_interval]))", legend: "{{verdict}}" }],
        {
          says: "Verdicts of all projects.",
        },
      ),
      lines(
        "Jobs by outcome",
        [{ expr: "sum by (outcome) (increase(kiln_jobs_finished_total[$__rate_interval]))", legend: "{{outcome}}" }],
        {
          says: "infrastructure and agent-lost are not the candidate's doing.",
          stacked: true,
        },
      ),
    ],
  },
];
