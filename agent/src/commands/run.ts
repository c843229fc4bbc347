import { once } from "node:events";
import { readSettings } from "../adapters/disk/agent-settings.ts";
import { JoinError } from "../adapters/join/join-error.ts";
import { defaultFolder, readConfig } from "../config.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { startAgent, type AgentDeps } from "../start-agent.ts";
import type { AgentEnd } from "../wire-membership.ts";

/** Runs the agent until it is asked to stop, or has to end by itself. */
export async function run(env: NodeJS.ProcessEnv, deps: AgentDeps = {}): Promise<ExitCode> {
  const parsed = readConfig(env, readSettings(defaultFolder(env)));
  if (!parsed.ok) {
    process.stderr.write(parsed.problems.map((problem) => `${problem}\n`).join(""));
    return EXIT.usage;
  }
  // Asked to stop while starting: it stops as soon as it has started.
  const stopped = Promise.race([once(process, "SIGTERM"), once(process, "SIGINT"), parentEnded(env)]);
  // The agent's own timers do not keep a process alive.
  const alive = setInterval(() => undefined, 2 ** 30);
  try {
    await using agent = await startAgent(parsed.config, deps);
    void agent.registered.then(() =>
      process.stdout.write(`${JSON.stringify({ ready: true, agentId: agent.agentId })}\n`),
    );
    // On Windows it says that the console is gone.
    if (process.platform !== "win32") process.on("SIGHUP", () => agent.lookAgain());
    const end = await Promise.race([agent.ended, stopped.then(() => null)]);
    return end === null ? EXIT.stopped : sayEnd(end);
  } catch (cause) {
    if (!(cause instanceof JoinError)) throw cause;
    process.stderr.write(`${cause.message}\n`);
    return EXIT.couldNotRun;
  } finally {
    clearInterval(alive);
  }
}

function sayEnd({ kind, reason }: AgentEnd): ExitCode {
  // The log has said which.
  if (kind === "updated") return EXIT.restart;
  if (kind === "left") {
    process.stderr.write(`The agent leaves the farm: ${reason}\n`);
    return EXIT.stopped;
  }
  process.stderr.write(
    `The farm has shut this agent out: ${reason}\nIts jobs are stopped. To join again, type kiln agent join URL --token TOKEN --force, with a new token.\n`,
  );
  return EXIT.shutOut;
}

/** KILN_EXIT_WITH_PARENT=1: standard input is a pipe from the parent, which closes however the parent ends. */
async function parentEnded(env: NodeJS.ProcessEnv): Promise<void> {
  if (env["KILN_EXIT_WITH_PARENT"] !== "1") return new Promise(() => {});
  await once(process.stdin.resume(), "close");
}
