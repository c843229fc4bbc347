import type * as cog from "@grafana/grafana-foundation-sdk/cog";
import {
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
  StackingConfigBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
  VariableSort,
  type Panel,
  type Threshold,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

/** The variable that every panel's queries go through, so that a dashboard works beside any number of data sources. */
const SOURCE = { type: "prometheus", uid: "${datasource}" };
/** Columns of a dashboard. */
const WIDTH = 24;
const HEIGHT = 8;

type AnyPanel = cog.Builder<Panel>;

/** Panels under a heading. */
export interface Section {
  readonly title: string;
  readonly panels: readonly AnyPanel[];
}

interface PanelOptions {
  /** What a person learns from it, and what to do about it. */
  readonly says: string;
  /** Columns, of 24. */
  readonly span?: number;
  readonly height?: number;
  /** As Grafana names units: `s`, `bytes`, `percentunit`, `short`. */
  readonly unit?: string;
  readonly thresholds?: readonly Threshold[];
}

/** A query, and how its series are named: `{{kind}}`. */
interface Query {
  readonly expr: string;
  readonly legend: string;
}

/** Lines over time, with a legend below: it is off by default. */
export function lines(
  title: string,
  queries: readonly Query[],
  options: PanelOptions & { readonly stacked?: boolean },
): AnyPanel {
  const panel = common(new TimeseriesBuilder(), title, options)
    .drawStyle(GraphDrawStyle.Line)
    .fillOpacity(options.stacked ? 25 : 8)
    .lineWidth(1)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .calcs([]),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (options.stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
  for (const { expr, legend } of queries) panel.withTarget(query(expr).legendFormat(legend));
  return panel;
}

/** One number of this moment. */
export function number(title: string, expr: string, options: PanelOptions): AnyPanel {
  const panel = common(new StatBuilder(), title, { span: 4, height: 4, ...options });
  return panel.withTarget(query(expr).instant().legendFormat("__auto"));
}

/** A row for each series, with its labels as columns, as of this moment. */
export function table(
  title: string,
  queries: readonly Query[],
  options: PanelOptions & { readonly hidden?: readonly string[] },
): AnyPanel {
  const panel = common(new TableBuilder(), title, { span: WIDTH, height: 10, ...options });
  for (const { expr, legend } of queries) {
    panel.withTarget(query(expr).instant().format(PromQueryFormat.Table).legendFormat(legend));
  }
  const excluded = ["Time", "__name__", "instance", "job", ...(options.hidden ?? [])];
  const renamed = Object.fromEntries(
    queries.map(({ legend }, index) => [queries.length === 1 ? "Value" : `Value #${refId(index)}`, legend]),
  );
  if (queries.length > 1) panel.withTransformation({ id: "merge", options: {} });
  return panel.withTransformation({
    id: "organize",
    options: { excludeByName: Object.fromEntries(excluded.map((name) => [name, true])), renameByName: renamed },
  });
}

/** Of a label's values, several can be chosen; by default all. */
export function choice(name: string, label: string, expr: string): QueryVariableBuilder {
  return (
    new QueryVariableBuilder(name)
      .label(label)
      .datasource(SOURCE)
      // As text: of the other form, Grafana's schema allows no members that are text.
      .query(expr)
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .sort(VariableSort.NaturalAsc)
      .multi(true)
      .includeAll(true)
      .allValue(".*")
  );
}

export function dataSource(): DatasourceVariableBuilder {
  return new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus");
}

type Builder = TimeseriesBuilder | StatBuilder | TableBuilder;

function common<B extends Builder>(panel: B, title: string, options: PanelOptions): B {
  const { says, span = WIDTH / 2, height = HEIGHT, unit, thresholds } = options;
  panel.title(title).description(says).datasource(SOURCE).span(span).height(height);
  if (unit !== undefined) panel.unit(unit);
  if (thresholds) panel.thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([...thresholds]));
  return panel;
}

function query(expr: string): DataqueryBuilder {
  return new DataqueryBuilder().expr(expr).datasource(SOURCE);
}

/** As Grafana counts the queries of a panel. */
function refId(index: number): string {
  return "ABCDEFGH".charAt(index);
}
