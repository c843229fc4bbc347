import { join } from "node:path";
import { sitePackages } from "./installed-wheel.ts";
import { binFolder } from "./job-environment.ts";
import { writeOwnFile } from "./own-file.ts";

/** What makes a virtual environment without pip; PipTool says why without. */
export function venvArguments(virtualEnv: string): readonly string[] {
  // -E and -s: nothing of the agent's own Python settings.
  return ["-E", "-s", "-m", "venv", "--without-pip", virtualEnv];
}

/** Makes `python -m pip` and `pip` work in a virtual environment, by a path to an unpacked pip. */
export async function addPip(virtualEnv: string, pipFolder: string): Promise<void> {
  await writeOwnFile(join(await sitePackages(virtualEnv), "_kiln_pip.pth"), virtualEnv, `${pipFolder}\n`);
  const bin = binFolder(virtualEnv);
  for (const name of ["pip", "pip3"]) {
    if (process.platform === "win32") {
      await writeOwnFile(join(bin, `${name}.cmd`), virtualEnv, '@"%~dp0python.exe" -m pip %*\r\n');
    } else {
      const script = '#!/bin/sh\nexec "$(dirname "$0")/python" -m pip "$@"\n';
      await writeOwnFile(join(bin, name), virtualEnv, script, 0o755);
    }
  }
}
