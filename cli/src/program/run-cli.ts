import { Command, CommanderError } from "commander";
import { COMMANDS, GROUPS } from "../commands/table.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { renderError } from "../render/error-report.ts";
import { CliError, Interrupted } from "./cli-error.ts";
import { EXIT_CODES_HELP } from "./command.ts";
import type { Context } from "./context.ts";
import { Output, type TextStream } from "./output.ts";

/** The process, as far as the program needs it. */
export interface CliProcess {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadStream;
  readonly platform: NodeJS.Platform;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly version: string;
  readonly interrupted: AbortSignal;
  readonly interruptedAgain: AbortSignal;
  nowMs(): number;
}

/** Runs one command line and gives its exit code; never throws. */
export async function runCli(cli: CliProcess): Promise<ExitCode> {
  // Before the parse, so that a mistake in the rest of the line is told in the right form.
  const json = cli.args.includes("--json");
  const colour = !cli.args.includes("--no-color");
  const { stdout, stderr, env, platform } = cli;
  const out = new Output({ stdout, stderr, env, platform, json, colour });
  const context: Context = {
    env,
    cwd: cli.cwd,
    get stdin() {
      return cli.stdin;
    },
    json,
    out,
    interrupted: cli.interrupted,
    interruptedAgain: cli.interruptedAgain,
    nowMs: () => cli.nowMs(),
  };
  try {
    return await parseAndRun(cli, context);
  } catch (error) {
    return fail(error, context);
  }
}

async function parseAndRun(cli: CliProcess, context: Context): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.passed;
  let usage = "";
  const program = new Command("kiln")
    .usage("COMMAND [OPTIONS]")
    .description("A build-matrix farm for Python packages.")
    .version(cli.version, "--version", "print the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .option("--json", "one JSON document on stdout, and nothing else there")
    .option("--no-color", "no colours (also: NO_COLOR, or no terminal)")
    .addHelpText("afterAll", EXIT_CODES_HELP)
    .configureHelp({ showGlobalOptions: true, helpWidth: Math.min(120, cli.stdout.columns ?? 100) })
    .configureOutput({
      writeOut: (text) => void cli.stdout.write(text),
      writeErr: (text) => void (usage += text),
    })
    .exitOverride();
  const named = namedCommand(cli.args);
  const groups = new Map<string, Command>();
  for (const { name, summary, load } of COMMANDS) {
    const [first = name, second] = name.split(" ", 2);
    const parent = second === undefined ? program : groupOf(first, program, groups);
    const command = parent
      .command(second ?? first)
      .summary(summary)
      .description(`${capital(summary)}.`);
    command.helpOption("-h, --help", "show this help");
    // Only the one that was typed is loaded: the others are a line of the help.
    if (name !== named) continue;
    const definition = (await load()).command;
    definition.configure(command);
    command.action(async () => {
      // A last argument that takes many comes as a list.
      const args = command.processedArgs.flat() as (string | undefined)[];
      exitCode = await definition.run(context, args, command.opts());
    });
  }
  try {
    if (cli.args.length === 0) {
      program.outputHelp();
      return EXIT.passed;
    }
    await program.parseAsync(helpArgs(cli.args, named), { from: "user" });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT.passed;
    const text = usage.trim() || error.message;
    throw new CliError(text.replace(/^error: /, ""), {
      exitCode: EXIT.usage,
      advice: `./kiln ${help(named)} says how it is used.`,
    });
  }
}

/** The command that others stand below: "agent" of "agent token". */
function groupOf(name: string, program: Command, groups: Map<string, Command>): Command {
  const known = groups.get(name);
  if (known) return known;
  const summary = GROUPS[name] ?? name;
  const group = program
    .command(name)
    .usage("COMMAND [OPTIONS]")
    .summary(summary)
    .description(`${capital(summary)}.`)
    .helpOption("-h, --help", "show this help")
    .helpCommand(false);
  groups.set(name, group);
  return group;
}

function help(named: string | null): string {
  return named === null ? "--help" : `${named} --help`;
}

/** The command that is typed, so that only it is loaded: the first words that are no options, or those after `help`. */
function namedCommand(args: readonly string[]): string | null {
  const words = args.filter((arg) => !arg.startsWith("-"));
  const [first = "", second = ""] = words[0] === "help" ? words.slice(1) : words;
  const known = COMMANDS.find(({ name }) => name === first || name === `${first} ${second}`);
  return known?.name ?? null;
}

/** `help GROUP COMMAND`, which commander does not know, as `GROUP COMMAND --help`. */
function helpArgs(args: readonly string[], named: string | null): string[] {
  const [first, second] = (named ?? "").split(" ");
  if (second === undefined || args.find((arg) => !arg.startsWith("-")) !== "help") return [...args];
  return [first ?? "", second, "--help"];
}

function fail(error: unknown, context: Context): ExitCode {
  const { out } = context;
  if (error instanceof Interrupted || context.interrupted.aborted) {
    out.document({ error: { message: "interrupted", exitCode: EXIT.interrupted } });
    return EXIT.interrupted;
  }
  const known = error instanceof CliError ? error : bug(error);
  const { message, advice, problems, exitCode } = known;
  out.document({ error: { message, advice, problems, exitCode } });
  out.noteLines(renderError(known, out.columns));
  return exitCode;
}

/** What nobody foresaw is told with its place, for the report that it needs. */
function bug(error: unknown): CliError {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new CliError(`This should not have happened:\n${stack}`, {
    advice: "It is a mistake in Kiln: please report it with these lines.",
  });
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
