import type { Command } from "commander";
import type { ExitCode } from "../exit-code.ts";
import type { Context } from "./context.ts";

/** A command: what it takes, and what it does with it. */
export interface CliCommand<Options extends object = object> {
  /** Adds arguments, options and help to the command, which has its name and summary already. */
  configure(command: Command): void;
  /** `args`: the arguments in their order, `undefined` or a default where one was left out. */
  run(context: Context, args: readonly (string | undefined)[], options: Options): Promise<ExitCode>;
}

/** Help that comes after the options: examples, each with what it does. */
export function examples(...pairs: readonly (readonly [command: string, does: string])[]): string {
  const width = Math.max(...pairs.map(([command]) => command.length));
  return ["", "Examples:", ...pairs.map(([command, does]) => `  ${command.padEnd(width)}  ${does}`)].join("\n");
}

export const EXIT_CODES_HELP = `
Exit codes:
   0  passed, or done
   1  failed: a job of the run did not pass, doctor found something that Kiln cannot do without, or coverage a cell
      without a wheel or with a wrong one
   2  inconclusive: the run could not be judged
   3  could not run: no farm, a file that cannot be read, a spec with mistakes
  64  wrong usage of the command line
  77  the agent was shut out of its farm, or its credentials ended
 130  interrupted (Ctrl-C); the run itself goes on`;

/** Where commands find the farm, for the help of those that need one. */
export const FARM_HELP = `
The farm is found by KILN_URL and KILN_TOKEN, else by farm.json in KILN_HOME.`;

/** The positional argument at `index`, which commander has made sure of. */
export function argument(args: readonly (string | undefined)[], index: number): string {
  const value = args[index];
  if (value === undefined) throw new Error(`argument ${index} is missing`);
  return value;
}
