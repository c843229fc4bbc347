import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** Paths in a farm's home, the folder that everything a farm keeps is under. */
export interface Home {
  readonly dir: string;
  readonly farmFile: string;
  readonly tokenFile: string;
  readonly lockFile: string;
  readonly logsDir: string;
  readonly coordinatorDir: string;
  readonly agentDir: string;
  readonly natsDir: string;
  /** The farm's own keys and certificates. */
  readonly identityDir: string;
  /** Certificates of farms elsewhere that commands were pointed at, by fingerprint. */
  readonly authoritiesDir: string;
}

/** KILN_HOME, or the place that the system keeps a program's state in (XDG base directories, LOCALAPPDATA). */
export function findHome(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): Home {
  return homeAt(env["KILN_HOME"] ? resolve(env["KILN_HOME"]) : defaultDir(env, platform));
}

export function homeAt(dir: string): Home {
  return {
    dir,
    farmFile: join(dir, "farm.json"),
    tokenFile: join(dir, "token"),
    lockFile: join(dir, "up.lock"),
    logsDir: join(dir, "logs"),
    coordinatorDir: join(dir, "coordinator"),
    agentDir: join(dir, "agent"),
    natsDir: join(dir, "nats"),
    identityDir: join(dir, "identity"),
    authoritiesDir: join(dir, "authorities"),
  };
}

function defaultDir(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  if (platform === "win32") return join(env["LOCALAPPDATA"] ?? join(homedir(), "AppData", "Local"), "kiln");
  return join(env["XDG_STATE_HOME"] || join(homedir(), ".local", "state"), "kiln");
}
