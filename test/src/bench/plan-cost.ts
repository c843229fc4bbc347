// Plans one matrix of 100,000 cells and prints what it took as JSON:
// `node plan-cost.ts own-axes|torch-cuda full|pairwise`.
import { hash } from "node:crypto";
import { parseSpec, plan } from "@kiln/matrix";
import type { PlanCost } from "./plan-bench.ts";

const values = (count: number): string => JSON.stringify(Array.from({ length: count }, (_, index) => `v${index}`));

/** Ten axes, most of them the user's own: one build, and a test in each of 100,000 cells. */
const OWN_AXES = `
  os: [linux-x86_64]
  python: ["3.12"]
  axes: {a: ${values(5)}, b: ${values(5)}, c: ${values(5)}, d: ${values(5)}, e: ${values(5)}, f: ${values(4)}, g: ${values(4)}, h: ${values(2)}}
`;

/** Every known axis: each cell asks every rule, and more than half are impossible. */
const TORCH_CUDA = `
  os: [linux-x86_64, ubuntu-20.04, ubuntu-22.04, ubuntu-24.04, debian-12, rhel-8, rhel-9, windows-11]
  python: ["3.9", "3.10", "3.11", "3.12", "3.13"]
  torch: ["2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8", "2.9", "2.10"]
  cuda: [cpu, "11.8", "12.1", "12.4", "12.6"]
  gpu: [none, "7.0", "8.0", "9.0", H100]
  driver: ["450.80.02", "460", "470", "510", "525.60.13", "535", "550", "560.28.03", "570", "580"]
`;

const [, , matrix, reduction] = process.argv;
const text = `kiln: 1
matrix:${matrix === "own-axes" ? OWN_AXES : TORCH_CUDA}
profiles: {minor: {reduce: ${reduction}}}
test: {requires: [pytest], files: [tests], command: pytest -q tests}
`;
const parsed = parseSpec(text, "kiln.yaml");
if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
const { spec, places } = parsed;
const candidate = { name: "bench", version: "1.0", requiresPython: ">=3.9", requiresDist: [], factsFrom: "PKG-INFO" };
const digest = (of: string): string => hash("sha256", of);
const beforeMs = performance.now();
const result = plan({ spec, places, candidate, farm: [], sourceSha256: "ab".repeat(32), digest });
const planMs = performance.now() - beforeMs;
if (!result.ok) throw new Error(JSON.stringify(result.problems));
const cost: PlanCost = {
  planMs,
  peakRssMb: process.resourceUsage().maxRSS / 1024,
  cells: result.plan.cells.length,
  excluded: result.plan.excluded.length,
  reduced: result.plan.reduced.length,
  jobs: result.plan.jobs.length,
};
process.stdout.write(`${JSON.stringify(cost)}\n`);
