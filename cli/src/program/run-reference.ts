import type { FarmClient } from "../farm/client.ts";
import { CliError, usageError } from "./cli-error.ts";

/** Reads a RUN argument (`r3`, `3` or `last`); `last` asks the farm for the newest. */
export async function findRun(text: string, client: () => Promise<FarmClient>): Promise<string> {
  const number = /^r?([1-9]\d{0,9})$/i.exec(text)?.[1];
  if (number !== undefined) return `r${number}`;
  if (text !== "last")
    throw usageError(
      `${JSON.stringify(text)} is not a run.`,
      "Write a run such as r3, or last. ./kiln runs lists them.",
    );
  const [newest] = await (await client()).runs(1);
  if (newest === undefined)
    throw new CliError("There is no run yet.", { advice: "Submit one with ./kiln submit DIRECTORY" });
  return newest.run;
}
