import { createRequire } from "node:module";
import { AGENT_VERSION } from "./agent-version.ts";
import { defaultFolder } from "./config.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";

type Run = (args: readonly string[], env: NodeJS.ProcessEnv) => Promise<number>;

/** Each is loaded when it is typed. */
const COMMANDS: Readonly<Record<string, { readonly summary: string; readonly run: Run }>> = {
  run: {
    summary: "runs the agent (also without any word); its configuration is in agent/README.md",
    run: async (args, env) => (args.length > 0 ? usage() : (await import("./commands/run.ts")).run(env)),
  },
  join: {
    summary: "makes this machine an agent of a farm, and runs it",
    run: async (args, env) => (await import("./commands/join.ts")).join(args, env),
  },
  leave: {
    summary: "takes this machine out of its farm",
    run: async (args, env) => (await import("./commands/leave.ts")).leave(args, env),
  },
  doctor: {
    summary: "checks what jobs need of this machine, and says what to do",
    run: async (args, env) => (await import("./commands/doctor.ts")).doctor(args, env),
  },
  health: {
    summary: "looks at the health of this machine and its GPUs, once",
    run: async (args, env) => (await import("./commands/health.ts")).health(args, env),
  },
  inventory: { summary: "prints what this machine has as JSON", run: printInventory },
  install: {
    summary: "makes the agent a service of this system",
    run: async (args, env) => (await import("./commands/install.ts")).install(args, env),
  },
  uninstall: {
    summary: "removes that service and all that install made",
    run: async (args, env) => (await import("./commands/install.ts")).uninstall(args, env),
  },
  status: {
    summary: "says how that service does",
    run: async (args, env) => (await import("./commands/install.ts")).status(args, env),
  },
  service: {
    summary: "runs the agent for a service manager, kept at the farm's version",
    run: async (args, env) => (await import("./commands/service.ts")).service(args, env),
  },
  version: { summary: "prints the version", run: printVersion },
};

async function main([name = "run", ...args]: readonly string[]): Promise<number> {
  if (name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(usageText());
    return EXIT.stopped;
  }
  const [file = "", ...rest] = args;
  if (name === "run-bundle" && file !== "") return runBundle(file, rest);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  return command === undefined ? usage() : command.run(args, process.env);
}

async function printInventory(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  if (args.length > 0) return usage();
  const { readInventory } = await import("./adapters/inventory/read-inventory.ts");
  process.stdout.write(`${JSON.stringify(await readInventory(defaultFolder(env)), null, 2)}\n`);
  return EXIT.stopped;
}

async function printVersion(): Promise<number> {
  process.stdout.write(`${AGENT_VERSION}\n`);
  return EXIT.stopped;
}

/** For `service` in a single executable, which is the only Node that there may be. The bundle ends this process. */
function runBundle(file: string, args: readonly string[]): Promise<number> {
  process.argv.splice(1, Infinity, file, ...args);
  createRequire(file)(file);
  return new Promise(() => undefined);
}

function usage(): ExitCode {
  process.stderr.write(usageText());
  return EXIT.usage;
}

function usageText(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(11)}${summary}\n`);
  return `usage: agent [COMMAND]\n${lines.join("")}agent COMMAND --help says more.\n`;
}

// gRPC's library names addresses in TLS handshakes (DEP0123): nothing that who reads this could change.
process.noDeprecation = true;
/** Without `await` at the top level, which a bundle in one executable cannot have. */
async function runToEnd(): Promise<never> {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (cause) {
    process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
    process.exitCode = EXIT.couldNotRun;
  }
  // Nothing is left to wait for, whatever a library still holds open.
  process.exit();
}

void runToEnd();
