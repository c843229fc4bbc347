import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { farmIdentityFiles, type FarmIdentity } from "@kiln/identity";
import { cleanEnvironment, findPip, installTool, type PythonTool } from "./python-tools.ts";

export interface InstallResult {
  readonly ok: boolean;
  /** Folder names of what is installed: `demo-1.0.dist-info`, sorted. */
  readonly installed: readonly string[];
  readonly output: string;
}

/** pip or uv, told to install into an empty folder from one index and nothing else. */
export interface Installer {
  readonly title: string;
  install(index: string, requirements: readonly string[], options?: { readonly pre: boolean }): Promise<InstallResult>;
}

/** `identity`: of the farm whose indexes it reads. null where no Python that is here can run it. */
export async function pipInstaller(
  version: string,
  scratch: string,
  identity: FarmIdentity,
): Promise<Installer | null> {
  const pip = await findPip(version);
  if (!pip) return null;
  const cert = ["--cert", farmIdentityFiles(identity.folder).authority];
  return {
    title: pip.title,
    install: (index, requirements, { pre } = { pre: false }) =>
      installInto(scratch, (target) => ({
        tool: pip,
        args: [
          ...["-m", "pip", "--isolated", "--no-cache-dir", "--disable-pip-version-check", "--no-input", "install"],
          ...[
            "--index-url",
            namedLocalhost(index),
            ...cert,
            "--target",
            target,
            ...(pre ? ["--pre"] : []),
            ...requirements,
          ],
        ],
      })),
  };
}

/** pip from 24.2 on reaches no address over https (pypa/pip#12906), but a name. */
function namedLocalhost(index: string): string {
  return index.replace("127.0.0.1", "localhost");
}

export async function uvInstaller(scratch: string, identity: FarmIdentity): Promise<Installer> {
  const uv = await installTool("uv");
  const cache = await mkdtemp(join(scratch, "uv-cache-"));
  const binary = [join(uv.path, "bin", "uv"), join(uv.path, "Scripts", "uv.exe")].find((path) => existsSync(path));
  if (binary === undefined) throw new Error(`${uv.path} has no uv`);
  return {
    title: "uv",
    install: (index, requirements, { pre } = { pre: false }) =>
      installInto(scratch, (target) => ({
        tool: { ...uv, python: binary, env: { SSL_CERT_FILE: farmIdentityFiles(identity.folder).authority } },
        args: [
          ...["--no-config", "--cache-dir", cache, "pip", "install", "--python", uv.python, "--target", target],
          ...["--index-url", index, ...(pre ? ["--prerelease", "allow"] : []), ...requirements],
        ],
      })),
  };
}

async function installInto(
  scratch: string,
  command: (target: string) => { readonly tool: PythonTool; readonly args: readonly string[] },
): Promise<InstallResult> {
  const target = await mkdtemp(join(scratch, "installed-"));
  const { tool, args } = command(target);
  const { ok, output } = await runTool(tool, args);
  const installed = (await readdir(target)).filter((name) => name.endsWith(".dist-info")).toSorted();
  return { ok, output, installed };
}

/** Runs it to its end, whatever that is. */
export function runTool(tool: PythonTool, args: readonly string[]): Promise<{ ok: boolean; output: string }> {
  return new Promise((resolve) => {
    const env = cleanEnvironment({ PYTHONPATH: tool.path, ...tool.env });
    execFile(tool.python, [...args], { env, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) =>
      resolve({ ok: error === null, output: `${stdout}\n${stderr}` }),
    );
  });
}
