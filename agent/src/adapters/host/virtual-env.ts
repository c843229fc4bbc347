import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sitePackages } from "./installed-wheel.ts";
import { binFolder } from "./job-environment.ts";

/** What makes a virtual environment without pip; PipTool says why without. */
export function venvArguments(virtualEnv: string): readonly string[] {
  // -E and -s: nothing of the agent's own Python settings.
  return ["-E", "-s", "-m", "venv", "--without-pip", virtualEnv];
}

/** Makes `python -m pip` and `pip` work in a virtual environment, by a path to an unpacked pip. */
export async function addPip(virtualEnv: string, pipFolder: string): Promise<void> {
  await writeFile(join(await sitePackages(virtualEnv), "_kiln_pip.pth"), `${pipFolder}\n`);
  const bin = binFolder(virtualEnv);
  for (const name of ["pip", "pip3"]) {
    if (process.platform === "win32") {
      await writeFile(join(bin, `${name}.cmd`), '@"%~dp0python.exe" -m pip %*\r\n');
    } else {
      const path = join(bin, name);
      await writeFile(path, '#!/bin/sh\nexec "$(dirname "$0")/python" -m pip "$@"\n');
      await chmod(path, 0o755);
    }
  }
}
