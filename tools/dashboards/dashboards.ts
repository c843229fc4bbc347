// oxlint-disable typescript/no-deprecated -- Provisioned files are in the classic schema: every Grafana reads it, and few the newer one.
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  RowBuilder,
  type Dashboard,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { AGENT_SECTIONS } from "./agents.ts";
import { BENCHMARK_SECTIONS } from "./benchmarks.ts";
import { FARM_SECTIONS } from "./farm.ts";
import { choice, dataSource, type Section } from "./panels.ts";
import { RELEASE_SECTIONS } from "./release.ts";

interface DashboardPlan {
  readonly file: string;
  readonly title: string;
  readonly says: string;
  readonly variables: readonly ReturnType<typeof choice>[];
  readonly sections: readonly Section[];
  /** Of the time that is shown at first. */
  readonly from: string;
}

const PLANS: readonly DashboardPlan[] = [
  {
    file: "kiln-benchmarks.json",
    title: "Kiln: benchmark regressions",
    says: "Each benchmark of a candidate against its baseline, measured side by side in one lease.",
    variables: [
      choice("project", "Project", "label_values(kiln_bench_ratio, project)"),
      choice("benchmark", "Benchmark", 'label_values(kiln_bench_ratio{project=~"$project"}, benchmark)'),
      choice("cell", "Cell", 'label_values(kiln_bench_ratio{project=~"$project"}, cell)'),
    ],
    sections: BENCHMARK_SECTIONS,
    from: "now-7d",
  },
  {
    file: "kiln-release.json",
    title: "Kiln: release candidate",
    says: "May the newest candidate of a project be released: its verdict, gate by gate.",
    variables: [choice("project", "Project", "label_values(kiln_verdict, project)")],
    sections: RELEASE_SECTIONS,
    from: "now-24h",
  },
  {
    file: "kiln-farm.json",
    title: "Kiln: farm",
    says: "Whether jobs wait, why, and what the coordinator spends its time on.",
    variables: [choice("kind", "Kind of job", "label_values(kiln_jobs_finished_total, kind)")],
    sections: FARM_SECTIONS,
    from: "now-6h",
  },
  {
    file: "kiln-agents.json",
    title: "Kiln: agents and GPUs",
    says: "Which machines are there, how they are, and what their GPUs do.",
    variables: [choice("agent", "Agent", "label_values(kiln_agent_info, agent)")],
    sections: AGENT_SECTIONS,
    from: "now-6h",
  },
];

/** The dashboards as Grafana's files have them, by file name. */
export function dashboards(): ReadonlyMap<string, Dashboard> {
  return new Map(PLANS.map((plan) => [plan.file, build(plan)]));
}

function build({ file, title, says, variables, sections, from }: DashboardPlan): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(file.replace(".json", ""))
    .description(says)
    .tags(["kiln"])
    .time({ from, to: "now" })
    .refresh("30s")
    .timezone("browser")
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .link(new DashboardLinkBuilder("Kiln").type(DashboardLinkType.Dashboards).tags(["kiln"]).asDropdown(true))
    .annotation(
      // For a minute after it was judged.
      new AnnotationQueryBuilder()
        .name("Verdicts")
        .datasource({ type: "prometheus", uid: "${datasource}" })
        .enable(true)
        .iconColor("purple")
        .expr("kiln_verdict == 1 and on (project, release) time() - kiln_verdict_timestamp_seconds < 60")
        .titleFormat("{{project}} {{release}}")
        .textFormat("judged: {{verdict}}"),
    )
    .withVariable(dataSource());
  for (const variable of variables) builder.withVariable(variable);
  for (const section of sections) {
    builder.withRow(new RowBuilder(section.title));
    for (const panel of section.panels) builder.withPanel(panel);
  }
  return builder.build();
}
