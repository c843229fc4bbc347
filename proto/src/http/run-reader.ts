import { createHmac } from "node:crypto";

/** What reads one run's index and nothing else, as HTTP Basic has it. */
export interface RunReader {
  readonly user: string;
  readonly password: string;
}

/**
 * The reader of a run's index, made of the farm's token, which it does not give
 * away. An installer may show it to what it runs: pip puts its index's address
 * into the command lines of its own processes, and into the environment of build
 * backends.
 */
export function runReader(token: string, run: number): RunReader {
  return { user: `r${run}`, password: createHmac("sha256", token).update(`kiln index of r${run}`).digest("base64url") };
}
