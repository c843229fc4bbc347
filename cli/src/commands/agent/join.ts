import { examples, type CliCommand } from "../../program/command.ts";
import { passEverythingOn, runAgentProgram } from "./foreground.ts";

const TOKEN = "kiln_join_…";

export const command: CliCommand = {
  configure(command) {
    passEverythingOn(command, "URL --token TOKEN [OPTIONS]");
    command.addHelpText(
      "after",
      `
Makes this machine's keys, knows the farm by the fingerprint in the token, and
gets a certificate that it renews by itself. Says what it found, and goes on as
the running agent until Ctrl-C.

  --token TOKEN      of ./kiln agent token on the farm (or: KILN_JOIN_TOKEN)
  --name NAME        for people (default: this host's name)
  --label KEY=VALUE  what jobs may ask for; may be repeated
  --slots COUNT      jobs at a time (default: its cores)
  --executor KIND    host: jobs are this user's processes; docker: containers
  --no-run           only join
  --ephemeral        take one job, then leave the farm
  --force            also when this machine is an agent of a farm already
` +
        examples(
          [`./kiln agent join https://10.0.0.1:8270 --token ${TOKEN}`, "join, and run the agent"],
          [`./kiln agent join https://10.0.0.1:8270 --token ${TOKEN} --no-run`, "join; ./kiln agent run starts it"],
        ),
    );
  },
  run: (context, args) => runAgentProgram(context, "join", args),
};
