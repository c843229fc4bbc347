import { examples, type CliCommand } from "../../program/command.ts";
import { passEverythingOn, runAgentProgram } from "./foreground.ts";

export const command: CliCommand = {
  configure(command) {
    passEverythingOn(command, "[--user] [--service NAME]");
    command.addHelpText(
      "after",
      examples(
        ["./kiln agent status", "what the service manager says of the system's service"],
        ["./kiln agent status --user", "this user's"],
      ),
    );
  },
  run: (context, args) => runAgentProgram(context, "status", args),
};
