import { CliError } from "../../program/cli-error.ts";
import { EXIT } from "../../exit-code.ts";
import { examples, type CliCommand } from "../../program/command.ts";
import { runChild } from "../../program/run-child.ts";
import { BUNDLE } from "../../supervise/repository.ts";
import { passEverythingOn, runAgentProgram } from "./foreground.ts";

const BUNDLE_TIMEOUT_MS = 120_000;

export const command: CliCommand = {
  configure(command) {
    passEverythingOn(command, "[URL] [--token TOKEN] [--user] [--docker] [--gpus] [--memory-max SIZE] [--dry-run] …");
    command.addHelpText(
      "after",
      `
Makes the agent's bundle (dist/) and installs that: systemd, launchd or Windows' Task
Scheduler. What it needs of rights and writes: --dry-run. All options: agent/README.md.
` +
        examples(
          ["sudo ./kiln agent install https://farm:8270 --token TOKEN", "join a farm, and start with the system"],
          ["./kiln agent install --user --dry-run", "what it would do for this user"],
        ),
    );
  },
  async run(context, args) {
    const made = await runChild(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", BUNDLE.script, "--out", BUNDLE.folder],
      { env: context.env, timeoutMs: BUNDLE_TIMEOUT_MS },
    );
    if (made.exitCode !== 0) {
      throw new CliError(`The agent's bundle could not be made:\n${made.stderr.trim()}`, {
        exitCode: EXIT.couldNotRun,
      });
    }
    return runAgentProgram(context, "install", args, BUNDLE.file);
  },
};
