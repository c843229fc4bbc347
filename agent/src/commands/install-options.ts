import { Command, CommanderError, InvalidArgumentError } from "commander";
import { isServiceName, type ServiceLimits } from "../domain/service/service-settings.ts";

export interface InstallOptions {
  readonly user: boolean;
  readonly dryRun: boolean;
  readonly service: string;
  readonly start: boolean;
  readonly token?: string;
  readonly docker: boolean;
  readonly gpus: boolean;
  readonly runAs?: string;
  readonly memoryMax?: number;
  readonly cpus?: number;
  readonly tasksMax?: number;
}

export interface UninstallOptions {
  readonly user: boolean;
  readonly dryRun: boolean;
  readonly service: string;
  readonly keepFolder: boolean;
}

export type Parsed<T> =
  | { readonly ok: true; readonly options: T; readonly args: readonly string[] }
  /** Commander has said why, or has shown the help. */
  | { readonly ok: false; readonly isHelp: boolean };

/** Options of `install`. */
export function parseInstall(args: readonly string[]): Parsed<InstallOptions> {
  const command = common("agent install", "Makes the agent a service of this system, which starts with it.")
    .argument("[url]", "a farm to join first, as kiln agent token printed it: https://HOST:PORT")
    .option("--token <token>", "of kiln agent token, for the farm (or: the variable KILN_JOIN_TOKEN)")
    .option("--docker", "jobs run in containers; the service's user gets into the group docker", false)
    .option("--gpus", "jobs may use the GPUs of this machine (NVIDIA)", false)
    .option("--run-as <user>", "macOS: whom the system's service runs as (default: who typed sudo)")
    .option("--memory-max <size>", "of the agent and its jobs on the host: 16G (systemd)", bytes)
    .option("--cpus <count>", "processors that they get: 2.5 (systemd)", positive)
    .option("--tasks-max <count>", "their processes and threads", whole)
    .option("--no-start", "only write the service");
  return parse<InstallOptions>(command, args);
}

/** Options of `uninstall` and `status`. */
export function parseUninstall(args: readonly string[], name: "uninstall" | "status"): Parsed<UninstallOptions> {
  const says = name === "status" ? "Says how the service does." : "Removes the service and all that install made.";
  const command = common(`agent ${name}`, says);
  if (name === "uninstall") {
    command.option("--keep-folder", "leave what the agent has in its folder: its identity, its spool", false);
  }
  return parse<UninstallOptions>(command, args);
}

export function limitsOf({ memoryMax, cpus, tasksMax }: InstallOptions): ServiceLimits {
  return { memoryBytes: memoryMax ?? null, cpus: cpus ?? null, tasks: tasksMax ?? null };
}

function common(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option("--user", "of this user, not of the system; needs no root", false)
    .option("--service <name>", "name of the service", serviceName, "kiln-agent")
    .option("--dry-run", "say what would be done, and do nothing", false)
    .helpOption("-h, --help", "show this help")
    .configureHelp({ helpWidth: 100 })
    .exitOverride();
}

function parse<T>(command: Command, args: readonly string[]): Parsed<T> {
  try {
    command.parse([...args], { from: "user" });
    return { ok: true, options: command.opts() as T, args: command.args };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { ok: false, isHelp: error.exitCode === 0 };
  }
}

function serviceName(text: string): string {
  if (isServiceName(text)) return text;
  throw new InvalidArgumentError("It must be lower-case letters, digits and hyphens, at most 31.");
}

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

function bytes(text: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text) ?? [];
  const value = Math.round(Number(digits) * (UNITS[unit] ?? NaN));
  if (value >= 2 ** 26) return value;
  throw new InvalidArgumentError("It must be a size of at least 64M: 16G.");
}

function positive(text: string): number {
  if (/^\d+(?:\.\d+)?$/.test(text) && Number(text) >= 0.1) return Number(text);
  throw new InvalidArgumentError("It must be a number of at least 0.1.");
}

function whole(text: string): number {
  if (/^\d+$/.test(text) && Number(text) >= 64) return Number(text);
  throw new InvalidArgumentError("It must be a whole number of at least 64.");
}
