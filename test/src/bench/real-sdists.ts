// `./kiln bench sdists`: the table of docs/REAL-PACKAGES.md. Every release on the
// oldest and the newest Python of this machine, one after another: through a farm
// and by pip alone. Ends with 1 when they do not agree.
import { temporaryFolder } from "@kiln/testkit";
import { Farm } from "../farm/farm.ts";
import { CANDIDATES, type Candidate } from "../real-sdists/candidates.ts";
import { oldestAndNewest, outcomeOnFarm, submitCandidate, unpackSource } from "../real-sdists/on-farm.ts";
import type { FarmPython } from "../real-sdists/on-farm.ts";
import { OUTCOME_TEXT, type Outcome } from "../real-sdists/outcome.ts";
import { plainPip } from "../real-sdists/plain-pip.ts";

const say = (text: string): void => void process.stdout.write(`${text}\n`);

export async function printSdistTable(): Promise<void> {
  using scratch = temporaryFolder("kiln-sdists-");
  // Plain pip goes without its cache, in which wheels it has built before would be; so do the farm's builds.
  const env = { KILN_LOG_LEVEL: "warn", PIP_NO_CACHE_DIR: "1" };
  await using farm = await Farm.start({ executor: "host", slots: 1, upstream: true, env });
  const pythons = await oldestAndNewest(farm);
  const titles = pythons.map(({ feature }) => `CPython ${feature}`);
  const times = pythons.map(({ feature }) => `${feature}: farm / pip`);
  say(`| release | what it is | ${[...titles, ...times].join(" | ")} |`);
  say(`|---|---|${"---|".repeat(titles.length + times.length)}`);
  for (const candidate of CANDIDATES) {
    const pairs = await measure(farm, candidate, pythons, scratch.path);
    const outcomes = pairs.map(([farms, pips]) => {
      if (farms.kind === pips.kind && farms.wheel === pips.wheel) return OUTCOME_TEXT[farms.kind];
      process.exitCode = 1;
      return `farm: ${OUTCOME_TEXT[farms.kind]}, ${farms.wheel}; pip: ${OUTCOME_TEXT[pips.kind]}, ${pips.wheel}`;
    });
    const took = pairs.map(([farms, pips]) =>
      farms.kind === "not-allowed" ? "–" : `${farms.seconds.toFixed(1)} s / ${pips.seconds.toFixed(1)} s`,
    );
    say(`| ${candidate.name} ${candidate.version} | ${candidate.kind} | ${[...outcomes, ...took].join(" | ")} |`);
  }
}

async function measure(
  farm: Farm,
  candidate: Candidate,
  pythons: readonly FarmPython[],
  scratch: string,
): Promise<(readonly [Outcome, Outcome])[]> {
  const features = pythons.map(({ feature }) => feature);
  const run = await submitCandidate(farm, candidate, features, scratch);
  const source = (): Promise<string> => unpackSource(farm, run, scratch);
  const pairs: (readonly [Outcome, Outcome])[] = [];
  for (const { feature, path } of pythons) {
    pairs.push([await outcomeOnFarm(farm, run, feature), await plainPip(candidate, path, scratch, source)]);
  }
  return pairs;
}
