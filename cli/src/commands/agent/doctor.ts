import { examples, type CliCommand } from "../../program/command.ts";
import { passEverythingOn, runAgentProgram } from "./foreground.ts";

export const command: CliCommand = {
  configure(command) {
    passEverythingOn(command, "[--json]");
    command.addHelpText(
      "after",
      `
Looks at Node, disk, memory, Pythons, compiler, CUDA toolkits, the driver and each GPU, containers,
and the farm that this machine is an agent of. Runs a small program on each GPU, unless an agent is
running here, and lets ncu read a counter where it is installed. Changes nothing.
` +
        examples(
          ["./kiln agent doctor", "what jobs find here, what is missing, and how to get it"],
          ["./kiln agent doctor --json", "{ ok, checks: [{ name, state, found, fix }], inventory }"],
        ),
    );
  },
  run: (context, args) => runAgentProgram(context, "doctor", context.json ? [...args, "--json"] : args),
};
