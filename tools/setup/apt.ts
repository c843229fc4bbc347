import { commandWorks, lastLines, runCommand } from "./command.ts";
import { say } from "./setup-error.ts";

/** True on Debian and its relatives. */
export async function haveApt(): Promise<boolean> {
  return process.platform === "linux" && (await commandWorks("apt-get", ["--version"]));
}

/** What to put before a command to run it as root without a question, or null when that cannot be had. */
export async function rootPrefix(): Promise<readonly string[] | null> {
  if (process.getuid?.() === 0) return [];
  return (await commandWorks("sudo", ["-n", "true"])) ? ["sudo", "-n"] : null;
}

/** Fetches the lists of packages again, where this process may; true when it did. */
export async function aptUpdate(): Promise<boolean> {
  const prefix = await rootPrefix();
  return prefix !== null && (await aptGet(prefix, ["update"]));
}

/** Installs packages with apt-get, as root; true when they are installed. */
export async function aptInstall(packages: readonly string[]): Promise<boolean> {
  const prefix = await rootPrefix();
  if (prefix === null) return false;
  const install = ["install", "-y", "--no-install-recommends", ...packages];
  // The lists may be missing (container images) or too old; fetched again only then.
  return (await aptGet(prefix, install)) || ((await aptUpdate()) && (await aptGet(prefix, install)));
}

async function aptGet(prefix: readonly string[], args: readonly string[]): Promise<boolean> {
  const [command = "apt-get", ...rest] = [...prefix, "apt-get", ...args];
  say(`running: ${[command, ...rest].join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const result = await runCommand(command, rest, { env });
  if (result.exitCode !== 0) process.stderr.write(`${lastLines(result.output, 5)}\n`);
  return result.exitCode === 0;
}
