import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { onPath } from "../../adapters/system/on-path.ts";
import { runTool } from "../../adapters/system/run-tool.ts";
import type { Check } from "../checklist.ts";

const TIMEOUT_MS = 10_000;
/** Where descriptions of devices are (Container Device Interface), which `nvidia-ctk cdi generate` writes. */
const CDI_FOLDERS = ["/etc/cdi", "/var/run/cdi"];
const TOOLKIT_FIX =
  "Install the NVIDIA Container Toolkit; then `nvidia-ctk runtime configure --runtime=docker` and restart Docker, " +
  "or `nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml` for Podman.";

/** Docker Engine and Podman, and whether their containers can have GPUs. */
export async function engineChecks(env: NodeJS.ProcessEnv, hasGpus: boolean): Promise<readonly Check[]> {
  const found = await Promise.all([checkEngine(env, "docker", hasGpus), checkEngine(env, "podman", hasGpus)]);
  const there = found.filter((check) => check !== null);
  if (there.length > 0) return there;
  const nothing = "neither Docker nor Podman: jobs run on the host, without a sandbox";
  return [{ name: "containers", state: "skipped", found: nothing, fix: "" }];
}

async function checkEngine(env: NodeJS.ProcessEnv, name: "docker" | "podman", hasGpus: boolean): Promise<Check | null> {
  const program = onPath(env, name);
  if (program === null) return null;
  const format = name === "docker" ? "{{.ServerVersion}} {{json .Runtimes}}" : "{{.Version.Version}}";
  const { ok, stdout, failure } = await runTool(program, ["info", "--format", format], {
    timeoutMs: TIMEOUT_MS,
    cwd: tmpdir(),
  });
  const version = /^[\w.+~-]+/.exec(stdout.trim())?.[0] ?? "";
  if (!ok || version === "") {
    const words = `${program} is there, and the engine does not answer (${failure || "it says no version"})`;
    return {
      name,
      state: "warning",
      found: words,
      fix: `Start it, and let this user reach it: \`${name} info\` has to work.`,
    };
  }
  if (!hasGpus) return { name, state: "ok", found: version, fix: "" };
  const how = stdout.includes('"nvidia"') ? "NVIDIA's runtime" : hasCdi() ? "CDI" : null;
  return how === null
    ? { name, state: "warning", found: `${version}, whose containers can have no GPU`, fix: TOOLKIT_FIX }
    : { name, state: "ok", found: `${version}, whose containers get GPUs by ${how}`, fix: "" };
}

function hasCdi(): boolean {
  return CDI_FOLDERS.some(
    (folder) => existsSync(folder) && readdirSync(folder).some((file) => /nvidia.*\.(?:ya?ml|json)$/.test(file)),
  );
}
