import type { InstallPlaces, ServicePlatform } from "./install-places.ts";
import { launchdLabel, launchdPlist } from "./launchd-plist.ts";
import type { ServiceSettings } from "./service-settings.ts";
import { systemdUnit } from "./systemd-unit.ts";
import { LOCAL_SERVICE, windowsTask } from "./windows-task.ts";

/** One thing that an installation does, in words that a person can follow or do by hand. */
export type Action =
  /** `owner`: a user, where it is not the one who installs. */
  | { readonly kind: "make-folder"; readonly path: string; readonly mode: number; readonly owner: string | null }
  | { readonly kind: "write-file"; readonly path: string; readonly text: string; readonly encoding: "utf8" | "utf16" }
  | { readonly kind: "copy-file"; readonly from: string; readonly path: string; readonly mode: number }
  /** A folder with all that is in it, or a file; done too when it is not there. */
  | { readonly kind: "remove"; readonly path: string }
  /** `mayFail`: when it has been done already, for one. */
  | {
      readonly kind: "run";
      readonly argv: readonly [string, ...string[]];
      readonly env?: Readonly<Record<string, string>>;
      readonly mayFail: boolean;
    };

/** What is kept of an installation, so that exactly that can be removed. */
export interface InstallRecord {
  readonly platform: ServicePlatform;
  readonly settings: ServiceSettings;
  readonly places: InstallPlaces;
  /** Whom a daemon of macOS runs as; the user of a task of Windows. */
  readonly user: string | null;
  /** The user of the service was made for it. */
  readonly madeUser: boolean;
}

export interface InstallWish extends InstallRecord {
  /** Files of the program, with their names in the program folder. */
  readonly program: readonly { readonly from: string; readonly name: string }[];
  /** The farm to join before the first start; null: the machine has joined, or does it later. */
  readonly join: { readonly url: string; readonly token: string } | null;
  /** The service manager runs here; otherwise the service is only written. */
  readonly isManagerRunning: boolean;
}

export const RECORD_FILE = "installed.json";

/** What installs a service, in order. */
export function installActions(wish: InstallWish): readonly Action[] {
  const { platform, settings, places } = wish;
  const slash = platform === "win32" ? "\\" : "/";
  const owner = settings.scope === "system" && platform !== "win32" ? (wish.user ?? settings.name) : null;
  const { program: _p, join: _j, isManagerRunning: _m, ...record } = wish;
  return [
    ...(wish.madeUser ? [makeUser(settings.name, places.folder)] : []),
    ...(settings.hasDocker && settings.scope === "system" && platform === "linux"
      ? [run(["usermod", "--append", "--groups", "docker", settings.name])]
      : []),
    { kind: "make-folder", path: places.programFolder, mode: 0o755, owner: null },
    ...wish.program.map(({ from, name }): Action => {
      return { kind: "copy-file", from, path: `${places.programFolder}${slash}${name}`, mode: 0o755 };
    }),
    text(`${places.programFolder}${slash}${RECORD_FILE}`, `${JSON.stringify(record, null, 2)}\n`),
    { kind: "make-folder", path: places.folder, mode: 0o700, owner },
    ...(platform === "win32" && settings.scope === "system" ? [ownFolder(places.folder)] : []),
    ...joinActions(wish, owner),
    serviceFile(wish),
    ...(wish.isManagerRunning ? startActions(wish) : []),
  ];
}

/** What removes all that `installActions` made, in order. `keepsFolder`: but not what the agent has in its folder. */
export function uninstallActions(
  record: InstallRecord,
  { isManagerRunning, keepsFolder }: { readonly isManagerRunning: boolean; readonly keepsFolder: boolean },
): readonly Action[] {
  const { platform, settings, places, madeUser } = record;
  return [
    ...(isManagerRunning ? stopActions(record) : []),
    { kind: "remove", path: places.serviceFile },
    ...(isManagerRunning && platform === "linux" ? [run([...systemctl(settings), "daemon-reload"])] : []),
    ...(keepsFolder ? [] : [{ kind: "remove", path: places.folder } as const]),
    // Its files are gone; what is kept keeps its owner.
    ...(madeUser && !keepsFolder ? [run(["userdel", settings.name])] : []),
    { kind: "remove", path: places.programFolder },
  ];
}

/** The command that says how the service does. */
export function statusCommand({ platform, settings }: InstallRecord): readonly [string, ...string[]] {
  if (platform === "linux") return [...systemctl(settings), "--no-pager", "status", `${settings.name}.service`];
  if (platform === "darwin") return ["launchctl", "print", `${launchdDomain(settings)}/${launchdLabel(settings.name)}`];
  return ["schtasks", "/Query", "/TN", settings.name, "/V", "/FO", "LIST"];
}

function joinActions(wish: InstallWish, owner: string | null): readonly Action[] {
  const { join, settings, platform } = wish;
  if (join === null) return [];
  const env = { KILN_AGENT_DIR: settings.folder, KILN_JOIN_TOKEN: join.token };
  const executor = settings.hasDocker ? ["--executor", "docker"] : [];
  const program = [...programOf(settings), "join", join.url, "--no-run", ...executor] as const;
  if (platform === "darwin" && owner !== null) return [{ ...run(["sudo", "-E", "-u", owner, ...program]), env }];
  if (owner !== null) return [{ ...run(["runuser", "-u", owner, "--", ...program]), env }];
  return [{ ...run(program), env }];
}

/** The command of the service without its last word, `service`. */
function programOf({ command }: ServiceSettings): readonly [string, ...string[]] {
  const [program, ...args] = command;
  return [program, ...args.slice(0, args.indexOf("service"))];
}

function serviceFile({ platform, settings, places, user }: InstallRecord): Action {
  const path = places.serviceFile;
  if (platform === "linux") return text(path, systemdUnit(settings));
  if (platform === "darwin") return text(path, launchdPlist(settings, user));
  const of = settings.scope === "system" ? LOCAL_SERVICE : (user ?? "");
  return { kind: "write-file", path, text: windowsTask(settings, of), encoding: "utf16" };
}

function startActions({ platform, settings, places }: InstallRecord): readonly Action[] {
  const { name } = settings;
  if (platform === "linux") {
    const control = systemctl(settings);
    return [run([...control, "daemon-reload"]), run([...control, "enable", "--now", `${name}.service`])];
  }
  if (platform === "darwin") return [run(["launchctl", "bootstrap", launchdDomain(settings), places.serviceFile])];
  return [
    run(["schtasks", "/Create", "/TN", name, "/XML", places.serviceFile, "/F"]),
    run(["schtasks", "/Run", "/TN", name]),
  ];
}

function stopActions({ platform, settings }: InstallRecord): readonly Action[] {
  const { name } = settings;
  if (platform === "linux") return [mayFail([...systemctl(settings), "disable", "--now", `${name}.service`])];
  if (platform === "darwin") {
    return [mayFail(["launchctl", "bootout", `${launchdDomain(settings)}/${launchdLabel(name)}`])];
  }
  return [mayFail(["schtasks", "/End", "/TN", name]), mayFail(["schtasks", "/Delete", "/TN", name, "/F"])];
}

function makeUser(name: string, home: string): Action {
  const shell = ["--shell", "/usr/sbin/nologin"];
  return run(["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", home, ...shell, name]);
}

/** LocalService, the system and administrators; nobody else. */
function ownFolder(path: string): Action {
  const grants = [`*${LOCAL_SERVICE}`, "*S-1-5-18", "*S-1-5-32-544"].flatMap((who) => ["/grant", `${who}:(OI)(CI)F`]);
  return run(["icacls", path, "/inheritance:r", ...grants]);
}

function systemctl({ scope }: ServiceSettings): readonly [string, ...string[]] {
  return scope === "user" ? ["systemctl", "--user"] : ["systemctl"];
}

/** `$UID` stands for the number of the user: the one who performs it knows it. */
function launchdDomain({ scope }: ServiceSettings): string {
  return scope === "user" ? "gui/$UID" : "system";
}

function run(argv: readonly [string, ...string[]]): Action & { readonly kind: "run" } {
  return { kind: "run", argv, mayFail: false };
}

function mayFail(argv: readonly [string, ...string[]]): Action {
  return { kind: "run", argv, mayFail: true };
}

function text(path: string, content: string): Action {
  return { kind: "write-file", path, text: content, encoding: "utf8" };
}
