import type { RoleName } from "@kiln/proto";
import { EXIT } from "../../exit-code.ts";
import { connectFarm } from "../../farm/connect.ts";
import { usageError } from "../../program/cli-error.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../../program/command.ts";
import { parseTime } from "./parse-time.ts";

interface Options {
  readonly role?: string;
  readonly expires?: string;
}

const ROLES: Readonly<Record<RoleName, string>> = {
  viewer: "look at everything",
  submitter: "and submit, cancel and retry runs, and upload to a run's index",
  releaser: "and pin runs, and yank staged files",
  operator: "and make tokens, set secrets, look after agents, read the audit log",
};

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("<name>", "who or what it is for: lower-case letters, digits, and . _ - inside")
      .option("--role <role>", `what it may do: ${Object.keys(ROLES).join(", ")} (needed)`)
      .option("--expires <time>", "30m, 12h or 30d from now; without it, it does not expire")
      .addHelpText(
        "after",
        examples(
          ["./kiln token create ci --role submitter --expires 90d", "for a CI: submit runs and read their results"],
          ["KILN_TOKEN=$(./kiln token create ci --role viewer)", "in a script: the token alone is on stdout"],
        ) +
          "\n\nRoles:\n" +
          Object.entries(ROLES)
            .map(([role, may]) => `  ${role.padEnd(9)}  ${may}`)
            .join("\n") +
          `\n\nThe token is shown this once; the farm keeps a digest of it.${FARM_HELP}`,
      );
  },
  async run(context, args, options) {
    const role = Object.keys(ROLES).find((known) => known === options.role) as RoleName | undefined;
    if (role === undefined) {
      const given = options.role === undefined ? "The token needs a role." : `--role ${options.role} is no role.`;
      throw usageError(given, `Roles are ${Object.keys(ROLES).join(", ")}: ./kiln token create NAME --role viewer`);
    }
    const expiry = options.expires === undefined ? {} : { expiresInMs: parseTime("--expires", options.expires) };
    const client = await connectFarm(context);
    const { token, ...view } = await client.createToken({ name: argument(args, 0), role, ...expiry });
    context.out.document({ ...view, token });
    context.out.text(token);
    const until =
      view.expiresAtMs === null ? "and does not expire" : `until ${new Date(view.expiresAtMs).toISOString()}`;
    context.out.note(`It has the role ${role} ${until}. Keep it now: it is not shown again.`);
    context.out.note(`It is used as KILN_TOKEN, with KILN_URL=${client.address.url}.`);
    return EXIT.passed;
  },
};
