import type { FarmClient } from "../farm/client.ts";
import { CliError, usageError } from "./cli-error.ts";

const RUNS_LOOKED_AT = 50;

/** Reads a RUN argument (`r3`, `3` or `last`); `last` asks the farm for the newest of a candidate. */
export async function findRun(text: string, client: () => Promise<FarmClient>): Promise<string> {
  const number = /^r?([1-9]\d{0,9})$/i.exec(text)?.[1];
  if (number !== undefined) return `r${number}`;
  if (text !== "last")
    throw usageError(
      `${JSON.stringify(text)} is not a run.`,
      "Write a run such as r3, or last. ./kiln runs lists them.",
    );
  const runs = await (await client()).runs(RUNS_LOOKED_AT);
  // The coordinator makes runs of releases against themselves on its own: nobody means those.
  const newest = runs.find(({ selfComparisonOf }) => selfComparisonOf === null) ?? runs[0];
  if (newest === undefined)
    throw new CliError("There is no run yet.", { advice: "Submit one with ./kiln submit DIRECTORY" });
  return newest.run;
}
