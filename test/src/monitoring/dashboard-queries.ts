import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "..", "..", "..", "deploy", "grafana", "dashboards");

interface DataSource {
  readonly type: string;
  readonly uid: string;
}

interface Target {
  readonly expr: string;
  readonly datasource?: DataSource;
  readonly instant?: boolean;
}

/** What of a dashboard's file is looked at; the whole of it is made by typed builders. */
export interface Dashboard {
  readonly file: string;
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly {
    readonly type: string;
    readonly title: string;
    readonly description?: string;
    readonly datasource?: DataSource;
    readonly targets?: readonly Target[];
  }[];
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly type: string;
      readonly query: string | { query: string };
    }[];
  };
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr?: string }[] };
}

/** One query, and where it is from: `Kiln: farm / Commits`. */
export interface PanelQuery {
  readonly where: string;
  readonly expr: string;
  readonly isInstant: boolean;
}

export function committedDashboards(): readonly Dashboard[] {
  return readdirSync(FOLDER).map((file) => ({
    ...(JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Dashboard),
    file,
  }));
}

/** Grafana's own variables as for a scrape every 15 seconds, and those of the dashboards as when all is chosen. */
const VARIABLES: Readonly<Record<string, string>> = {
  ...{ __range: "5m", __interval: "15s", __rate_interval: "1m" },
  ...{ project: ".*", benchmark: ".*", cell: ".*", kind: ".*", agent: ".*" },
};

/** Throws for a variable that is not known: its panel would be empty. */
function substituted(expr: string): string {
  return expr.replaceAll(/\$\{?(\w+)\}?/g, (text, name: string) => {
    const value = VARIABLES[name];
    if (value === undefined) throw new Error(`${text} in ${expr} is no variable that is known`);
    return value;
  });
}

export function queriesOf({ title, panels, annotations }: Dashboard): readonly PanelQuery[] {
  const ofPanels = panels.flatMap((panel) =>
    (panel.targets ?? []).map(({ expr, instant }) => ({
      where: `${title} / ${panel.title}`,
      expr: substituted(expr),
      isInstant: instant === true,
    })),
  );
  const ofAnnotations = annotations.list.flatMap(({ name, expr }) =>
    expr === undefined ? [] : [{ where: `${title} / annotation ${name}`, expr: substituted(expr), isInstant: false }],
  );
  return [...ofPanels, ...ofAnnotations];
}

/** `label_values(kiln_verdict, project)`: the series, and the label. */
export function variableQueries({
  title,
  templating,
}: Dashboard): readonly { where: string; match: string; label: string }[] {
  return templating.list.flatMap(({ name, type, query }) => {
    if (type !== "query") return [];
    const text = typeof query === "string" ? query : query.query;
    const parts = /^label_values\((?<match>.+), (?<label>\w+)\)$/.exec(text)?.groups;
    if (!parts?.["match"] || !parts["label"]) throw new Error(`${title}: ${name} asks ${text}`);
    return [{ where: `${title} / variable ${name}`, match: substituted(parts["match"]), label: parts["label"] }];
  });
}
