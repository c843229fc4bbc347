import type { CliCommand } from "../../program/command.ts";
import { passEverythingOn, runAgentProgram } from "./foreground.ts";

export const command: CliCommand = {
  configure: passEverythingOn,
  run: (context, args) => runAgentProgram(context, "run", args),
};
