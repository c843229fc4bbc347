import type { Plan, PlannedJob } from "@kiln/matrix";
import { count } from "../count.ts";
import { oneLine } from "../plain-text.ts";

export type GraphFormat = "dot" | "mermaid";

/** More nodes than this are not read; Mermaid draws at most 500 edges by default. */
const NODES_MAX = 80;

interface Graph {
  /** By key, in the order of the plan; `label` says what they are and how many. */
  readonly nodes: ReadonlyMap<string, { readonly id: string; readonly label: string; readonly many: number }>;
  /** Keys: what must pass first, and what then can. */
  readonly edges: readonly (readonly [from: string, to: string])[];
  /** What a node stands for where it stands for several jobs; empty when each job has its own. */
  readonly grouped: string;
}

/** The jobs of a plan and what each needs. Where they are many, equal ones are drawn as one node with their number. */
export function planGraph(plan: Pick<Plan, "candidate" | "jobs">, format: GraphFormat): string {
  const graph = chooseGraph(plan.jobs);
  const title = `${plan.candidate.name} ${plan.candidate.version ?? ""}`.trim();
  return format === "dot" ? dot(graph, title) : mermaid(graph, title);
}

type KeyOf = (job: PlannedJob) => { readonly key: string; readonly label: string };

function chooseGraph(jobs: readonly PlannedJob[]): Graph {
  const builds = new Map(jobs.map((job) => [job.name, job]));
  const each: KeyOf = (job) => ({ key: job.name, label: job.name });
  const perBuild: KeyOf = (job) => {
    if (job.kind === "build") return each(job);
    const wheel = "wheelOf" in job ? job.wheelOf : "";
    return { key: `${job.kind} ${wheel}`, label: job.kind };
  };
  const perTarget: KeyOf = (job) => {
    const made = "wheelOf" in job ? builds.get(job.wheelOf) : job;
    const target = made === undefined || job.kind === "check" ? "" : targetOf(made);
    return { key: `${job.kind} ${target}`, label: `${job.kind} ${target}`.trim() };
  };
  const perKind: KeyOf = ({ kind }) => ({ key: kind, label: kind });
  const levels: readonly (readonly [KeyOf, string])[] = [
    [each, ""],
    [perBuild, "jobs of one kind on one wheel"],
    [perTarget, "jobs of one kind for one platform and CUDA"],
    [perKind, "jobs of one kind"],
  ];
  let graph = graphBy(jobs, each, "");
  for (const [keyOf, grouped] of levels) {
    graph = graphBy(jobs, keyOf, grouped);
    if (graph.nodes.size <= NODES_MAX) break;
  }
  return graph;
}

function targetOf(job: PlannedJob): string {
  const index = job.kind === "build" ? job.wheel.index : null;
  return index === null ? job.requirement.platform : `${job.requirement.platform} ${index}`;
}

function graphBy(jobs: readonly PlannedJob[], keyOf: KeyOf, grouped: string): Graph {
  const keys = new Map(jobs.map((job) => [job.name, keyOf(job)]));
  const nodes = new Map<string, { id: string; label: string; many: number }>();
  const edges = new Map<string, readonly [string, string]>();
  for (const job of jobs) {
    const { key, label } = keys.get(job.name) ?? keyOf(job);
    const node = nodes.get(key);
    if (node === undefined) nodes.set(key, { id: `j${nodes.size}`, label, many: 1 });
    else node.many += 1;
    for (const need of job.needs) {
      const from = keys.get(need)?.key;
      if (from !== undefined && from !== key) edges.set(JSON.stringify([from, key]), [from, key]);
    }
  }
  return { nodes, edges: [...edges.values()], grouped };
}

function labelOf({ label, many }: { readonly label: string; readonly many: number }): string {
  return many === 1
    ? oneLine(label)
    : oneLine(label.replace(/^\S+/, (kind) => count(many, kind, kind === "bench" ? "benches" : `${kind}s`)));
}

/** Graphviz's language: https://graphviz.org/doc/info/lang.html */
function dot({ nodes, edges, grouped }: Graph, title: string): string {
  const quoted = (text: string): string => `"${oneLine(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  return [
    `digraph ${quoted(title)} {`,
    "  rankdir=LR;",
    "  node [shape=box];",
    ...(grouped === "" ? [] : [`  label=${quoted(`A box is one job or all ${grouped}.`)};`]),
    ...[...nodes.values()].map((node) => `  ${node.id} [label=${quoted(labelOf(node))}];`),
    ...edges.map(([from, to]) => `  ${nodes.get(from)?.id} -> ${nodes.get(to)?.id};`),
    "}",
    "",
  ].join("\n");
}

/** Mermaid's flowchart: https://mermaid.js.org/syntax/flowchart.html */
function mermaid({ nodes, edges, grouped }: Graph, title: string): string {
  // Entities are its only escape.
  const quoted = (text: string): string =>
    `"${oneLine(text).replace(/[#"<>`]/g, (sign) => `#${sign.charCodeAt(0)};`)}"`;
  return [
    `%% ${oneLine(title)}${grouped === "" ? "" : `: a box is one job or all ${grouped}`}`,
    "flowchart LR",
    ...[...nodes.values()].map((node) => `  ${node.id}[${quoted(labelOf(node))}]`),
    ...edges.map(([from, to]) => `  ${nodes.get(from)?.id} --> ${nodes.get(to)?.id}`),
    "",
  ].join("\n");
}
