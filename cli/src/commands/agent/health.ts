import { examples, type CliCommand } from "../../program/command.ts";
import { passEverythingOn, runAgentProgram } from "./foreground.ts";

export const command: CliCommand = {
  configure(command) {
    passEverythingOn(command, "[--json]");
    command.addHelpText(
      "after",
      `
Looks once at this machine and its GPUs: the driver, memory errors, the kernel's log, what jobs have
left behind, and a small program on each GPU. Nothing is reported to the farm, and nothing is killed.
` +
        examples(
          ["./kiln agent health", "a line for each check"],
          ["./kiln agent health --json", "{ ok, checks: [{ name, device, status, detail }] }"],
        ),
    );
  },
  run: (context, args) => runAgentProgram(context, "health", context.json ? [...args, "--json"] : args),
};
