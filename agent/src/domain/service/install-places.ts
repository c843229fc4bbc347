/** Systems with a service manager that the agent knows. */
export type ServicePlatform = "linux" | "darwin" | "win32";

/** Folders of the machine and of the user that an installation goes by. */
export interface MachineFolders {
  readonly home: string;
  /** The agent's folder of this user, where no service is installed. */
  readonly userAgent: string;
  /** %ProgramFiles%, %ProgramData%, %LOCALAPPDATA%; not used elsewhere. */
  readonly programFiles: string;
  readonly programData: string;
  readonly localAppData: string;
}

/** Where an installation's parts are. */
export interface InstallPlaces {
  /** Program and runtime, and the record of what was made. */
  readonly programFolder: string;
  /** The agent's folder: what it knows and what it works with. */
  readonly folder: string;
  /** What the service manager reads. */
  readonly serviceFile: string;
}

/** The places of a service by its name, on each system and for the system or the user. */
export function installPlaces(
  platform: ServicePlatform,
  scope: "system" | "user",
  name: string,
  folders: MachineFolders,
): InstallPlaces {
  const { home, userAgent } = folders;
  if (platform === "win32") {
    const programFolder =
      scope === "system" ? `${folders.programFiles}\\${name}` : `${folders.localAppData}\\Programs\\${name}`;
    const folder = scope === "system" ? `${folders.programData}\\${name}` : userAgent;
    return { programFolder, folder, serviceFile: `${programFolder}\\task.xml` };
  }
  if (platform === "darwin") {
    const file = `dev.kiln.${name}.plist`;
    if (scope === "user") {
      const programFolder = `${home}/Library/Application Support/${name}`;
      return { programFolder, folder: userAgent, serviceFile: `${home}/Library/LaunchAgents/${file}` };
    }
    const programFolder = `/usr/local/lib/${name}`;
    return { programFolder, folder: `/usr/local/var/${name}`, serviceFile: `/Library/LaunchDaemons/${file}` };
  }
  if (scope === "user") {
    const serviceFile = `${home}/.config/systemd/user/${name}.service`;
    return { programFolder: `${home}/.local/lib/${name}`, folder: userAgent, serviceFile };
  }
  return {
    programFolder: `/usr/local/lib/${name}`,
    folder: `/var/lib/${name}`,
    serviceFile: `/etc/systemd/system/${name}.service`,
  };
}
