import { tmpdir } from "node:os";
import type { PythonFacts } from "../../domain/python-probe.ts";
import { runTool } from "../system/run-tool.ts";

const PROBE_TIMEOUT_MS = 10_000;

/** Runs on every Python since 2.6: what is too old must be able to say so. */
export const PROBE_SCRIPT = `
import json, os, platform, sys, sysconfig
missing = []
for name in ("venv", "ensurepip", "ssl", "zlib"):
    try:
        __import__(name)
    except Exception:
        missing.append(name)
folders = []
if "ensurepip" not in missing:
    folders.append(os.path.join(os.path.dirname(sys.modules["ensurepip"].__file__), "_bundled"))
folders += [sysconfig.get_config_var("WHEEL_PKG_DIR"), "/usr/share/python-wheels"]
def release(name):
    return [int(part) if part.isdigit() else 0 for part in name.split("-")[1].split(".")]
wheel = ""
for folder in folders:
    if folder and os.path.isdir(folder):
        found = [n for n in os.listdir(folder) if n.startswith("pip-") and n.endswith(".whl")]
        if found:
            wheel = os.path.join(folder, sorted(found, key=release)[-1])
            break
print(json.dumps({
    "implementation": platform.python_implementation().lower(),
    "version": "%d.%d.%d" % sys.version_info[:3],
    "isFreeThreaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "platform": sysconfig.get_platform(),
    "machine": platform.machine(),
    "isVirtual": getattr(sys, "base_prefix", sys.prefix) != sys.prefix,
    "missing": missing,
    "pipWheel": wheel,
}))
`;

export type ProbeResult =
  | { readonly ok: true; readonly facts: PythonFacts }
  /** It did not answer: `message` says how it failed. */
  | { readonly ok: false; readonly message: string };

/** Asks an executable what it is. */
export async function probePython(path: string): Promise<ProbeResult> {
  // -E and -s: the answer must not depend on who asks.
  const { ok, output } = await runTool(path, ["-E", "-s", "-c", PROBE_SCRIPT], {
    timeoutMs: PROBE_TIMEOUT_MS,
    cwd: tmpdir(),
  });
  const facts = ok ? parseFacts(output) : null;
  if (facts) return { ok: true, facts };
  const detail = output.trim().split("\n").at(-1)?.slice(0, 200) ?? "";
  return { ok: false, message: `it does not run as a Python: ${detail}. Repair or remove it` };
}

/** Null when the text is not what the script prints. */
export function parseFacts(text: string): PythonFacts | null {
  try {
    const value = JSON.parse(text.trim().split("\n").at(-1) ?? "") as Partial<Record<keyof PythonFacts, unknown>>;
    const { implementation, version, isFreeThreaded, platform, machine, isVirtual, missing, pipWheel } = value;
    if (typeof implementation !== "string" || typeof version !== "string") return null;
    if (typeof platform !== "string" || typeof machine !== "string") return null;
    if (typeof isFreeThreaded !== "boolean" || typeof isVirtual !== "boolean" || typeof pipWheel !== "string")
      return null;
    if (!Array.isArray(missing) || !missing.every((name) => typeof name === "string")) return null;
    return { implementation, version, isFreeThreaded, platform, machine, isVirtual, missing, pipWheel };
  } catch {
    return null;
  }
}
