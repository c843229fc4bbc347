import { examples, type CliCommand } from "../../program/command.ts";
import { passEverythingOn, runAgentProgram } from "./foreground.ts";

export const command: CliCommand = {
  configure(command) {
    passEverythingOn(command, "[--force]");
    command.addHelpText(
      "after",
      examples(
        ["./kiln agent leave", "its certificate is void from then on, and removed here"],
        ["./kiln agent leave --force", "also when the farm does not answer"],
      ),
    );
  },
  run: (context, args) => runAgentProgram(context, "leave", args),
};
