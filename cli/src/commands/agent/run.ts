import { examples, type CliCommand } from "../../program/command.ts";
import { passEverythingOn, runAgentProgram } from "./foreground.ts";

export const command: CliCommand = {
  configure(command) {
    passEverythingOn(command, "[--help]");
    command.addHelpText(
      "after",
      `
Runs until Ctrl-C: its jobs are then reported as lost, and tried again elsewhere.
Settings are what ./kiln agent join was told, and variables (agent/README.md).
` +
        examples(
          ["./kiln agent run", "the agent of this machine"],
          ["KILN_SLOTS=2 ./kiln agent run", "two jobs at a time"],
        ),
    );
  },
  run: (context, args) => runAgentProgram(context, "run", args),
};
