import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "@kiln/testkit";
import type { RunView, VerdictView } from "@kiln/proto";
import { Farm } from "../farm/farm.ts";
import { runKiln } from "../farm/kiln-command.ts";
import { row, say } from "./report.ts";
import { median } from "./statistics.ts";

const EXAMPLE = fileURLToPath(new URL("../../../examples/hello-native", import.meta.url));
/** Percent by which total() of the candidate does more work. */
const SLOWDOWNS = [0, 5, 10] as const;
const REPETITIONS = 20;
const BENCHMARK = "total:time";
const RELEASED = "0.9.0";

interface Outcome {
  readonly verdict: string;
  readonly outcome: string;
  /** Candidate over baseline. */
  readonly ratio: number | null;
}

/**
 * The whole way, again and again: an unchanged candidate and slower ones of the
 * example through a real farm, each beside the same release. KILN_GATE_REPETITIONS
 * of each, 20 by default, in turn; nothing else may use the machine meanwhile.
 */
export async function measureGate(): Promise<void> {
  const repetitions = Number(process.env["KILN_GATE_REPETITIONS"] ?? REPETITIONS);
  if (!(Number.isInteger(repetitions) && repetitions > 0))
    throw new Error("KILN_GATE_REPETITIONS is no whole number above 0");
  await using farm = await Farm.start({ executor: "host", slots: 1, upstream: true, env: { KILN_LOG_LEVEL: "warn" } });
  using folder = temporaryFolder("kiln-gate-");
  const pythons = (await farm.api.agents())[0]?.pythons ?? [];
  const python = pythons.map(({ feature }) => feature).findLast((feature) => !feature.endsWith("t"));
  if (python === undefined) throw new Error("this machine has no CPython");
  const submit = async (source: string, baseline: string, slowdown: number): Promise<Outcome> => {
    const file = join(folder.path, "kiln.yaml");
    writeFileSync(file, specOf(python, baseline, slowdown));
    const ended = await runKiln(farm, "submit", source, "--spec", file, "--wait", "--json");
    const view = JSON.parse(ended.stdout) as RunView;
    const told = JSON.parse((await runKiln(farm, "verdict", view.run, "--json")).stdout) as VerdictView;
    const found = told.comparisons.find(({ benchmark }) => benchmark === BENCHMARK);
    return {
      verdict: told.verdict,
      outcome: found?.outcome ?? "nothing",
      ratio: found?.effect?.ratio.estimate ?? null,
    };
  };
  const older = olderExample(join(folder.path, "released"));
  const released = await submit(older, "none", 0);
  if (released.verdict !== "pass") throw new Error(`the release to compare with ended with ${released.verdict}`);
  const outcomes = new Map<number, Outcome[]>(SLOWDOWNS.map((slowdown) => [slowdown, []]));
  for (let round = 0; round < repetitions; round += 1) {
    for (const slowdown of SLOWDOWNS) {
      const outcome = await submit(EXAMPLE, RELEASED, slowdown);
      outcomes.get(slowdown)?.push(outcome);
      say(`round ${round + 1} of ${repetitions}, +${slowdown} %: ${told([outcome])}, ${changes([outcome])}`);
    }
  }
  for (const [slowdown, all] of outcomes)
    row(`${BENCHMARK} with ${slowdown} % more work, ${all.length} times`, told(all), changes(all));
  say("\nunchanged has to be no regression, +5 % and +10 % one; invalid: others used the machine");
}

/** The release has a version of its own: a slower candidate that passes must not be compared with afterwards. */
function olderExample(target: string): string {
  cpSync(EXAMPLE, target, { recursive: true });
  const file = join(target, "pyproject.toml");
  writeFileSync(file, readFileSync(file, "utf8").replace(/^version = ".*"$/m, `version = "${RELEASED}"`));
  return target;
}

function specOf(python: string, baseline: string, slowdown: number): string {
  return `
matrix: {os: available, python: ["${python}"]}
build: {reproducible: unchecked, env: {KILN_HELLO_SLOWDOWN: "${slowdown}"}}
test: {command: 'python -c "import kiln_hello"'}
bench: {command: python bench.py total, files: [bench.py], bound-by: host, baseline: "${baseline}"}
`;
}

function told(all: readonly Outcome[]): string {
  const counts = new Map<string, number>();
  for (const { outcome } of all) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts].map(([outcome, times]) => `${times} ${outcome}`).join(", ");
}

function changes(all: readonly Outcome[]): string {
  const ratios = all.flatMap(({ ratio }) => ratio ?? []);
  if (ratios.length === 0) return "no change was measured";
  const text = (ratio: number): string => `${(100 * (ratio - 1)).toFixed(1)} %`;
  return `measured ${text(median(ratios))}, from ${text(Math.min(...ratios))} to ${text(Math.max(...ratios))}`;
}
