import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { ownProgram } from "../adapters/service/own-program.ts";
import { describeAction, performActions } from "../adapters/service/perform-actions.ts";
import { defaultFolder } from "../config.ts";
import { installPlaces, type MachineFolders, type ServicePlatform } from "../domain/service/install-places.ts";
import {
  installActions,
  RECORD_FILE,
  statusCommand,
  uninstallActions,
  type Action,
  type InstallRecord,
  type InstallWish,
} from "../domain/service/install-plan.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { limitsOf, parseInstall, parseUninstall, type InstallOptions } from "./install-options.ts";

/** Makes the agent a service of this system or of this user. */
export function install(args: readonly string[], env: NodeJS.ProcessEnv): ExitCode {
  const parsed = parseInstall(args);
  if (!parsed.ok) return parsed.isHelp ? EXIT.stopped : EXIT.usage;
  const { options } = parsed;
  const platform = servicePlatform();
  if (platform === null) return say(EXIT.couldNotRun, `Kiln knows no service manager of ${process.platform}.`);
  const wish = wishOf(platform, options, parsed.args[0], env);
  if (typeof wish === "string") return say(EXIT.usage, wish);
  const { places, settings } = wish;
  if (existsSync(join(places.programFolder, RECORD_FILE))) {
    return say(
      EXIT.couldNotRun,
      `${settings.name} is installed already, in ${places.programFolder}.`,
      `To replace it: ${commandOf("uninstall", options)} --keep-folder, then install it again.`,
    );
  }
  const actions = installActions(wish);
  if (options.dryRun) return print(actions);
  if (!options.user && isUnprivileged()) return say(EXIT.couldNotRun, needsRights(platform));
  const done = performActions(actions, (line) => process.stdout.write(`${line}\n`));
  if (!done.ok) {
    return say(
      EXIT.couldNotRun,
      `It could not be installed: ${done.message}`,
      `To remove what was made: ${commandOf("uninstall", options)}`,
    );
  }
  process.stdout.write(installedText(wish, options));
  return EXIT.stopped;
}

/** Removes what `install` made. */
export function uninstall(args: readonly string[], env: NodeJS.ProcessEnv): ExitCode {
  const parsed = parseUninstall(args, "uninstall");
  if (!parsed.ok) return parsed.isHelp ? EXIT.stopped : EXIT.usage;
  const { options } = parsed;
  const record = readRecord(options, env);
  if (typeof record === "string") return say(EXIT.couldNotRun, record);
  const how = { isManagerRunning: isManagerRunning(record.platform), keepsFolder: options.keepFolder };
  const actions = uninstallActions(record, how);
  if (options.dryRun) return print(actions);
  if (!options.user && isUnprivileged()) return say(EXIT.couldNotRun, needsRights(record.platform));
  const done = performActions(actions, (line) => process.stdout.write(`${line}\n`));
  if (!done.ok) return say(EXIT.couldNotRun, `It could not be removed as a whole: ${done.message}`);
  process.stdout.write("The farm still knows this agent: kiln agent revoke NAME takes it out there.\n");
  return EXIT.stopped;
}

/** Prints what the service manager says of the service; its exit code is the service manager's: 0 when it runs. */
export function status(args: readonly string[], env: NodeJS.ProcessEnv): number {
  const parsed = parseUninstall(args, "status");
  if (!parsed.ok) return parsed.isHelp ? EXIT.stopped : EXIT.usage;
  const record = readRecord(parsed.options, env);
  if (typeof record === "string") return say(EXIT.couldNotRun, record);
  const [program, ...rest] = statusCommand(record).map((arg) => arg.replaceAll("$UID", String(process.getuid?.())));
  if (parsed.options.dryRun) return print([]);
  const { status, error } = spawnSync(program ?? "", rest, { stdio: "inherit" });
  if (error) return say(EXIT.couldNotRun, `${program} could not be run: ${error.message}`);
  return status ?? EXIT.couldNotRun;
}

function wishOf(
  platform: ServicePlatform,
  options: InstallOptions,
  url: string | undefined,
  env: NodeJS.ProcessEnv,
): InstallWish | string {
  const scope = options.user ? "user" : "system";
  const places = installPlaces(platform, scope, options.service, machineFolders(env));
  const { files } = ownProgram();
  const [first, script] = files ?? [];
  if (files === null || first === undefined) {
    return "A checkout cannot be installed: make the bundle with ./kiln bundle, then: node dist/kiln-agent.mjs install";
  }
  const token = options.token ?? env["KILN_JOIN_TOKEN"];
  if (url !== undefined && token === undefined) return "--token is missing: kiln agent token makes one for this farm.";
  const limits = limitsOf(options);
  if (platform !== "linux" && (limits.memoryBytes !== null || limits.cpus !== null)) {
    return "--memory-max and --cpus are for systemd: the service manager of this system has no such limits.";
  }
  const user = ownerOf(platform, options, env);
  if (platform === "darwin" && scope === "system" && user === null) {
    return "--run-as is missing: say whom the service shall run as. It need not be an administrator.";
  }
  const slash = platform === "win32" ? "\\" : "/";
  const inPlace = [first, ...(script ? [script] : [])].map(({ name }) => `${places.programFolder}${slash}${name}`);
  const [program = "", ...more] = inPlace;
  const command = [program, ...more, "service", "--folder", places.folder] as const;
  const { service: name, docker: hasDocker, gpus: hasGpus } = options;
  return {
    platform,
    settings: { name, scope, command, folder: places.folder, hasDocker, hasGpus, limits },
    places,
    user,
    madeUser: platform === "linux" && scope === "system" && !hasUser(name),
    program: files,
    join: url === undefined || token === undefined ? null : { url, token },
    isManagerRunning: options.start && isManagerRunning(platform),
  };
}

function machineFolders(env: NodeJS.ProcessEnv): MachineFolders {
  const home = homedir();
  return {
    home,
    userAgent: defaultFolder(env),
    programFiles: env["ProgramFiles"] ?? "C:\\Program Files",
    programData: env["ProgramData"] ?? "C:\\ProgramData",
    localAppData: env["LOCALAPPDATA"] ?? join(home, "AppData", "Local"),
  };
}

function readRecord(
  { service, user }: Pick<InstallOptions, "service" | "user">,
  env: NodeJS.ProcessEnv,
): InstallRecord | string {
  const platform = servicePlatform();
  if (platform === null) return `Kiln knows no service manager of ${process.platform}.`;
  const { programFolder } = installPlaces(platform, user ? "user" : "system", service, machineFolders(env));
  const path = join(programFolder, RECORD_FILE);
  try {
    return JSON.parse(readFileSync(path, "utf8")) as InstallRecord;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") {
      return `No service ${service} is installed for ${user ? "this user" : "the system"}: there is no ${path}.`;
    }
    throw cause;
  }
}

function servicePlatform(): ServicePlatform | null {
  const { platform } = process;
  return platform === "linux" || platform === "darwin" || platform === "win32" ? platform : null;
}

/** systemd may be installed and not be what runs this system: in a container, say (sd_booted(3)). */
function isManagerRunning(platform: ServicePlatform): boolean {
  return platform !== "linux" || existsSync("/run/systemd/system");
}

function hasUser(name: string): boolean {
  return spawnSync("id", ["-u", name], { stdio: "ignore" }).status === 0;
}

function ownerOf(platform: ServicePlatform, { user, runAs }: InstallOptions, env: NodeJS.ProcessEnv): string | null {
  if (platform === "darwin" && !user) return runAs ?? env["SUDO_USER"] ?? null;
  return platform === "win32" && user ? userInfo().username : null;
}

/** On Windows the tools say it themselves. */
function isUnprivileged(): boolean {
  return process.getuid !== undefined && process.getuid() !== 0;
}

function needsRights(platform: ServicePlatform): string {
  return platform === "win32"
    ? "It needs an administrator's command prompt; or --user."
    : "It needs root: use sudo; or --user, for a service of this user.";
}

function installedText({ isManagerRunning, settings, places, join, platform }: InstallWish, { user }: InstallOptions) {
  const lines = [
    isManagerRunning ? `${settings.name} runs, and starts with ${user ? "this user's session" : "the system"}.` : null,
    isManagerRunning ? null : `The service is written and not started (${places.serviceFile}).`,
    join === null ? `It joins a farm by: KILN_AGENT_DIR=${places.folder} agent join URL --token TOKEN --no-run` : null,
    platform === "linux" && user ? "To run while nobody is logged in: loginctl enable-linger" : null,
  ];
  return lines.map((line) => (line === null ? "" : `${line}\n`)).join("");
}

function commandOf(name: string, { user, service }: InstallOptions): string {
  return `agent ${name}${user ? " --user" : ""}${service === "kiln-agent" ? "" : ` --service ${service}`}`;
}

function print(actions: readonly Action[]): ExitCode {
  for (const action of actions) {
    process.stdout.write(`${describeAction(action)}\n`);
    if (action.kind === "write-file") process.stdout.write(`${action.text.replaceAll(/^/gm, "    ").trimEnd()}\n`);
  }
  return EXIT.stopped;
}

function say<T extends number>(code: T, ...lines: readonly string[]): T {
  process.stderr.write(lines.map((line) => `${line}\n`).join(""));
  return code;
}
