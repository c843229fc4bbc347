import { dirname } from "node:path";
import { EXIT } from "../exit-code.ts";
import { findPythons, type KnownPythons } from "../planning/farm-pythons.ts";
import { planLocally, type LocalPlan } from "../planning/local-plan.ts";
import { outlook, tupleCounts } from "../planning/outlook.ts";
import { parseRelease, RELEASE_OPTION } from "../planning/release-option.ts";
import { usageError } from "../program/cli-error.ts";
import { argument, examples, type CliCommand } from "../program/command.ts";
import type { Context } from "../program/context.ts";
import type { GraphFormat } from "../render/plan/graph.ts";
import { renderPlan } from "../render/plan/plan-report.ts";
import { prepareSource, type PreparedSource } from "../source/prepare.ts";
import { SOURCE_HELP } from "./submit.ts";

interface Options {
  readonly spec?: string;
  readonly indexUrl?: string;
  readonly release?: string;
  readonly explain?: string;
  readonly pairs?: boolean;
  readonly markdown?: boolean;
  readonly graph?: string;
}

const HELP = `${SOURCE_HELP}
A SOURCE that ends with .yaml is a spec; the source is then its folder.

Nothing is sent or run. The Pythons, the expected time and which agents could run what are those of the farm; without
one, the Pythons are those of this machine and the rest is not known.

CELL is a cell's name, or words that fit cells: "macos-14 cuda 11.8", "torch 2.0 python 3.8".

With --json the document is
  { plan, candidate, pythonsFrom, pythons, tuples, outlook, gates }
    plan      { candidate, release, reduction, axes, cells, excluded, reduced, jobs, buildsBeforeFolding, dataVersion … }
              cells    [{ name, axes, touchstone, unknown, overridden }]
              excluded [{ name, axes, rule, reason, source, asOf }]
              reduced  [{ name, axes, coveredBy }]
    tuples    { strength, covered, possible, impossible }: combinations of axis values
    outlook   { time: { kind, expectedMs … }, prospects: { kind, groups: [{ prospect, missing, agents, cells }] } }
    gates     [{ id, name, by }], by: spec, default (where there is something to judge), off
  --explain:  { explanations: [{ kind, cell, answers, facts, sentences … }] }
  --pairs:    { tuples: [{ values, by }] }, by: the cell, or null
`;

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("[source]", "folder, sdist, pypi:NAME==VERSION, or a spec (.yaml)", ".")
      .option("--spec <file>", "the kiln.yaml to use")
      .option("--index-url <url>", "simple index that pypi: means")
      .option(...RELEASE_OPTION)
      .option("--explain <cell>", "why a cell is planned, excluded or left out, and everything that is known of it")
      .option("--pairs", "which pair of axis values (of a 3-wise reduction: which triple) is in which cell")
      .option("--markdown", "as Markdown, for release notes and issues")
      .option("--graph <format>", "the jobs and what they need: dot (Graphviz) or mermaid")
      .addHelpText(
        "after",
        HELP +
          examples(
            ["./kiln plan", "the matrix of the project in this folder"],
            ["./kiln plan pypi:msgpack==1.1.0", "what a release would run on"],
            ["./kiln plan --release patch", "what a patch release would run on"],
            ["./kiln plan --explain cp311-linux-x86_64", "one cell, with rules, facts and sources"],
            ["./kiln plan --graph dot | dot -Tsvg > jobs.svg", "a drawing of the jobs"],
            ["./kiln plan . --json", "all of it as one JSON document"],
          ),
      );
  },
  async run(context, args, options) {
    const release = parseRelease(options.release);
    const graph = parseGraph(options.graph);
    checkViews(context, options);
    await using source = await prepareSource(sourceOptions(context, argument(args, 0), options));
    const known = await findPythons(context, source.candidate.name);
    const { sha256: sourceSha256, spec, candidate } = source;
    const facts = { ...candidate, requiresDist: candidate.requiresDist ?? null };
    const failing = known.farm?.earlier?.failingCells ?? [];
    const local = planLocally({ candidate: facts, sourceSha256, spec, pythons: known.pythons, release, failing });
    if (options.explain !== undefined) {
      const { explain } = await import("../planning/explain.ts");
      return explain(context, local, options.explain);
    }
    await show(context, local, source, known, { ...options, graph });
    return EXIT.passed;
  },
};

function sourceOptions(context: Context, written: string, options: Options) {
  const isSpec = /\.ya?ml$/i.test(written);
  if (isSpec && options.spec !== undefined) throw usageError(`${written} and --spec ${options.spec} are two specs.`);
  return {
    source: isSpec ? dirname(written) : written,
    specFile: isSpec ? written : (options.spec ?? null),
    indexUrl: options.indexUrl ?? null,
    cwd: context.cwd,
    env: context.env,
    signal: context.interrupted,
    note: (text: string) => context.out.note(text),
  };
}

function parseGraph(text: string | undefined): GraphFormat | null {
  if (text === undefined || text === "dot" || text === "mermaid") return text ?? null;
  throw usageError(`--graph ${text} is not a format.`, "Write --graph dot or --graph mermaid.");
}

/** Each of these prints the plan in its own way. */
function checkViews({ json }: Context, options: Options): void {
  const texts = [options.markdown === true && "--markdown", options.graph !== undefined && "--graph", json && "--json"];
  const views = [options.explain !== undefined && "--explain", options.pairs === true && "--pairs"];
  const asked = [...views, ...texts].filter((each) => each !== false);
  const [first, second] = asked;
  const together = asked.length === 2 && second === "--json" && (first === "--explain" || first === "--pairs");
  if (asked.length > 1 && !together) throw usageError(`${asked.join(" and ")} cannot be printed at once.`);
}

async function show(
  { out, json }: Context,
  { plan, gates }: LocalPlan,
  { candidate }: PreparedSource,
  { pythons, from: pythonsFrom, farm }: KnownPythons,
  options: Pick<Options, "pairs" | "markdown"> & { readonly graph: GraphFormat | null },
): Promise<void> {
  if (options.pairs === true) {
    const { coveredTuples } = await import("@kiln/matrix");
    const { renderTuples } = await import("../render/plan/pairs.ts");
    const tuples = coveredTuples(plan);
    out.document({ tuples });
    return out.lines(renderTuples(tuples, plan.axes, out.columns, out.symbols));
  }
  if (options.graph !== null) {
    const { planGraph } = await import("../render/plan/graph.ts");
    return out.text(...planGraph(plan, options.graph).trimEnd().split("\n"));
  }
  const tuples = tupleCounts(plan);
  if (options.markdown === true) {
    const { planMarkdown } = await import("../render/plan/markdown.ts");
    return out.text(...planMarkdown({ plan, tuples }).trimEnd().split("\n"));
  }
  const future = outlook(plan, farm);
  if (json) return out.document({ plan, candidate, pythonsFrom, pythons, tuples, outlook: future, gates });
  out.lines(renderPlan({ plan, pythonsFrom, tuples, outlook: future, gates }, out.columns, out.symbols));
}
