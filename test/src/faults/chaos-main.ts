// `pnpm chaos` (or `./kiln chaos`): farms in network namespaces, and faults
// until the number is reached. Exit status 1: an invariant did not hold.
import { parseArgs } from "node:util";
import { seedOf } from "../farm/seeded-random.ts";
import { namespacesMissing } from "./namespaces.ts";
import type { FaultKind } from "./schedule.ts";
import { storm } from "./storm.ts";

/** Of one farm; then a new one is made, so that what was found is not too long ago. */
const FAULTS_A_FARM = 200;

const USAGE = `usage: kiln chaos [--faults N] [--seed S] [--quiet]
       N faults (default 2000), ${FAULTS_A_FARM} a farm; S repeats the schedule of an earlier call
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { faults: { type: "string" }, seed: { type: "string" }, quiet: { type: "boolean", default: false } },
  });
  const faults = Number(values.faults ?? 2_000);
  const seed = values.seed === undefined ? seedOf("KILN_SEED") : Number(values.seed);
  if (!Number.isInteger(faults) || faults < 1 || !Number.isInteger(seed) || seed < 1) {
    process.stderr.write(USAGE);
    return 64;
  }
  const missing = namespacesMissing();
  if (missing !== null) {
    process.stderr.write(`chaos cannot run here: ${missing}\n`);
    return 3;
  }
  const total: Partial<Record<FaultKind, number>> = {};
  for (let done = 0; done < faults; done += FAULTS_A_FARM) {
    const farmSeed = seed + done;
    const count = Math.min(FAULTS_A_FARM, faults - done);
    console.log(`seed ${farmSeed}, ${count} faults (kiln chaos --seed ${farmSeed} --faults ${count} repeats them)`);
    const note = (text: string): void => (values.quiet ? undefined : console.log(text));
    const { problems, byKind, runs, attempts, wallMs } = await storm({ seed: farmSeed, faults: count, note });
    console.log(`${runs} runs, ${attempts} attempts in ${Math.round(wallMs / 1000)} s`);
    for (const kind of Object.keys(byKind) as FaultKind[]) total[kind] = (total[kind] ?? 0) + (byKind[kind] ?? 0);
    if (problems.length === 0) continue;
    console.log(problems.join("\n"));
    return 1;
  }
  console.log(describeKinds(total));
  return 0;
}

function describeKinds(total: Readonly<Partial<Record<FaultKind, number>>>): string {
  const counts = Object.values(total).reduce((sum, count) => sum + count, 0);
  return `${counts} faults: ${Object.entries(total)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(", ")}; every invariant held`;
}

try {
  process.exitCode = await main();
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}\n`);
  process.exitCode = 1;
}
process.exit();
