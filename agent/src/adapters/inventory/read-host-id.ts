import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { runTool } from "../system/run-tool.ts";

const TIMEOUT_MS = 5_000;

/**
 * Tells one machine from another: a digest of the system's machine id, so that
 * the id itself stays here (machine-id(5) asks for that). Empty: there is none,
 * as in containers whose image has no /etc/machine-id.
 */
export async function readHostId(): Promise<string> {
  const id = await machineId();
  return id === "" ? "" : createHash("sha256").update(`kiln host ${id}`).digest("base64url");
}

async function machineId(): Promise<string> {
  switch (process.platform) {
    case "darwin": {
      const { stdout } = await ask("/usr/sbin/ioreg", ["-rd1", "-c", "IOPlatformExpertDevice"]);
      return /"IOPlatformUUID" = "([0-9A-Fa-f-]+)"/.exec(stdout)?.[1] ?? "";
    }
    case "win32": {
      const key = "HKLM\\SOFTWARE\\Microsoft\\Cryptography";
      const { stdout } = await ask("reg", ["query", key, "/v", "MachineGuid", "/reg:64"]);
      return /MachineGuid\s+REG_SZ\s+(\S+)/.exec(stdout)?.[1] ?? "";
    }
    default:
      return fromFile("/etc/machine-id") || fromFile("/var/lib/dbus/machine-id");
  }
}

const ask = (program: string, args: readonly string[]) => runTool(program, args, { timeoutMs: TIMEOUT_MS, cwd: "." });

function fromFile(path: string): string {
  try {
    // "uninitialized" stands there until the first boot is over.
    return /^[0-9a-f]{32}$/.exec(readFileSync(path, "utf8").trim())?.[0] ?? "";
  } catch {
    return "";
  }
}
