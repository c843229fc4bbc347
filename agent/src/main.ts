import { once } from "node:events";
import { defaultFolder, readConfig } from "./config.ts";
import { readInventory } from "./adapters/inventory/read-inventory.ts";
import { startAgent } from "./start-agent.ts";

const USAGE = `usage: main.ts            runs the agent; its configuration is in the environment (agent/README.md)
       main.ts inventory  prints what this machine has as JSON
`;

/** Exit codes: 0 stopped as asked, 3 could not run, 64 wrong usage. */
async function main(args: readonly string[]): Promise<number> {
  if (args.length === 0) return runAgent();
  if (args.length === 1 && args[0] === "inventory") return printInventory();
  process.stderr.write(USAGE);
  return 64;
}

async function runAgent(): Promise<number> {
  const parsed = readConfig(process.env);
  if (!parsed.ok) {
    process.stderr.write(parsed.problems.map((problem) => `${problem}\n`).join(""));
    return 64;
  }
  // Asked to stop while starting: it stops as soon as it has started.
  const stopped = Promise.race([once(process, "SIGTERM"), once(process, "SIGINT"), parentEnded(process.env)]);
  await using agent = await startAgent(parsed.config);
  void agent.registered.then(() =>
    process.stdout.write(`${JSON.stringify({ ready: true, agentId: agent.agentId })}\n`),
  );
  // The agent's own timers do not keep a process alive.
  const alive = setInterval(() => undefined, 2 ** 30);
  await stopped;
  clearInterval(alive);
  return 0;
}

/** KILN_EXIT_WITH_PARENT=1: standard input is a pipe from the parent, which closes however the parent ends. */
async function parentEnded(env: NodeJS.ProcessEnv): Promise<void> {
  if (env["KILN_EXIT_WITH_PARENT"] !== "1") return new Promise(() => {});
  await once(process.stdin.resume(), "close");
}

async function printInventory(): Promise<number> {
  const inventory = await readInventory(defaultFolder(process.env));
  process.stdout.write(`${JSON.stringify(inventory, null, 2)}\n`);
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 3;
}
// Nothing is left to wait for, whatever a library still holds open.
process.exit();
