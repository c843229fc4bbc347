import { examples, type CliCommand } from "../../program/command.ts";
import { passEverythingOn, runAgentProgram } from "./foreground.ts";

export const command: CliCommand = {
  configure(command) {
    passEverythingOn(command, "[--user] [--service NAME] [--keep-folder] [--dry-run]");
    command.addHelpText(
      "after",
      examples(
        ["./kiln agent uninstall", "the system's service, and all that install made"],
        ["./kiln agent uninstall --user", "this user's"],
      ),
    );
  },
  run: (context, args) => runAgentProgram(context, "uninstall", args),
};
