import { spawnSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@kiln/testkit";
import { SaxesParser } from "saxes";
import { expect, test } from "vitest";
import { launchdPlist } from "./launchd-plist.ts";
import type { ServiceSettings } from "./service-settings.ts";
import { systemdUnit } from "./systemd-unit.ts";
import { quotedForWindows, windowsTask } from "./windows-task.ts";

const SETTINGS: ServiceSettings = {
  name: "kiln-agent",
  scope: "system",
  command: ["/usr/local/lib/kiln-agent/node", "/usr/local/lib/kiln-agent/kiln-agent.mjs", "service"],
  folder: "/var/lib/kiln-agent",
  hasDocker: false,
  hasGpus: false,
  limits: { memoryBytes: null, cpus: null, tasks: null },
};

/** A unit's lines by section and key; a key may come several times. */
function unitOf(text: string): Map<string, readonly string[]> {
  const found = new Map<string, string[]>();
  let section = "";
  for (const line of text.split("\n").filter((one) => one !== "")) {
    const [, name] = /^\[(\w+)\]$/.exec(line) ?? [];
    if (name !== undefined) section = name;
    else {
      const at = line.indexOf("=");
      expect(at, line).toBeGreaterThan(0);
      const key = `${section}.${line.slice(0, at)}`;
      found.set(key, [...(found.get(key) ?? []), line.slice(at + 1)]);
    }
  }
  return found;
}

test("the system's unit runs as its own user, with a system to read and one folder to write", () => {
  const unit = unitOf(systemdUnit(SETTINGS));
  const only = (key: string) =>
    unit.get(`Service.${key}`)?.length === 1 ? unit.get(`Service.${key}`)?.[0] : undefined;
  expect([only("User"), only("NoNewPrivileges"), only("ProtectSystem")]).toEqual(["kiln-agent", "yes", "strict"]);
  expect([only("ReadWritePaths"), only("StateDirectory")]).toEqual(["/var/lib/kiln-agent", "kiln-agent"]);
  expect([only("KillMode"), only("Restart")]).toEqual(["mixed", "always"]);
  expect(only("RestartPreventExitStatus")).toBe("0 64 77");
  expect(Number(only("TimeoutStopSec"))).toBeGreaterThan(10);
  expect(unit.get("Unit.StartLimitBurst")).toBeDefined();
  expect(only("PrivateDevices")).toBe("yes");
  expect(only("SupplementaryGroups")).toBeUndefined();
  for (const key of ["MemoryMax", "CPUQuota", "TasksMax"]) expect(only(key)).toBeUndefined();
});

test("limits, GPUs and containers are what was asked, and nothing more", () => {
  const limits = { memoryBytes: 2 ** 34, cpus: 2.5, tasks: 4_096 };
  const unit = unitOf(systemdUnit({ ...SETTINGS, hasDocker: true, hasGpus: true, limits }));
  const of = (key: string) => unit.get(`Service.${key}`)?.join();
  expect([of("MemoryMax"), of("CPUQuota"), of("TasksMax")]).toEqual(["17179869184", "250%", "4096"]);
  expect(of("SupplementaryGroups")).toBe("docker");
  expect(unit.get("Unit.After")?.join()).toContain("docker.service");
  expect(of("PrivateDevices")).toBeUndefined();
  expect(of("DevicePolicy")).toBe("closed");
  expect(unit.get("Service.DeviceAllow")).toContain("char-nvidia-uvm rw");
});

test("a user's unit has nothing that needs the system's rights", () => {
  const unit = unitOf(systemdUnit({ ...SETTINGS, scope: "user", folder: "/home/someone/.local/state/kiln/agent" }));
  for (const key of ["User", "Group", "CapabilityBoundingSet", "ProtectSystem", "StateDirectory"]) {
    expect(unit.has(`Service.${key}`), key).toBe(false);
  }
  expect(unit.get("Install.WantedBy")).toEqual(["default.target"]);
});

test("systemd takes the units, and finds their exposure low", (context) => {
  const version = spawnSync("systemd-analyze", ["--version"], { encoding: "utf8" });
  if (version.status !== 0) return context.skip("systemd-analyze is not installed (Debian: systemd)");
  using folder = temporaryFolder("kiln unit ");
  const program = join(folder.path, "a program");
  writeFileSync(program, "#!/bin/sh\n");
  chmodSync(program, 0o755);
  const path = join(folder.path, "kiln-agent.service");
  const settings: ServiceSettings = { ...SETTINGS, command: [program, "100%", 'a "$HOME" \\ b'], hasGpus: true };
  for (const scope of ["system", "user"] as const) {
    writeFileSync(path, systemdUnit({ ...settings, scope, hasDocker: true }));
    const manager = scope === "user" ? ["--user"] : [];
    const verified = spawnSync("systemd-analyze", ["verify", ...manager, path], {
      encoding: "utf8",
      env: { ...process.env, XDG_RUNTIME_DIR: folder.path },
    });
    const said = verified.stderr.split("\n").filter((line) => line.includes("kiln-agent"));
    // A user manager may have no bus here, which it says without naming the unit.
    expect(said).toEqual([]);
  }
  writeFileSync(path, systemdUnit(settings));
  const rated = spawnSync("systemd-analyze", ["security", "--offline=yes", path], { encoding: "utf8" });
  const [, exposure] = /exposure level for .*: ([\d.]+)/.exec(rated.stdout) ?? [];
  expect(Number(exposure)).toBeLessThan(2.5);
});

/** Text of elements by their path; throws for what is not well-formed. */
function xmlOf(text: string): readonly (readonly [path: string, text: string])[] {
  const found: [string, string][] = [];
  const path: string[] = [];
  const parser = new SaxesParser();
  let own = "";
  parser.on("opentag", ({ name }) => void (path.push(name), (own = "")));
  parser.on("text", (part) => void (own += part));
  parser.on("closetag", () => {
    found.push([path.join("/"), own.trim()]);
    path.pop();
    own = "";
  });
  parser.on("error", (cause) => {
    throw cause;
  });
  parser.write(text).close();
  return found;
}

test("a property list of launchd is well-formed, and starts the agent again only when it failed", () => {
  const command = ["/usr/local/lib/a & b/node", "<agent>.mjs", "service"] as const;
  const list = xmlOf(launchdPlist({ ...SETTINGS, command, folder: "/usr/local/var/kiln-agent" }, "builder"));
  const dict = list.filter(([path]) => path.startsWith("plist/dict/"));
  const keys = dict.filter(([path]) => path === "plist/dict/key").map(([, text]) => text);
  expect(keys).toEqual([...new Set(keys)]);
  expect(keys).toEqual(expect.arrayContaining(["Label", "ProgramArguments", "UserName", "KeepAlive", "RunAtLoad"]));
  expect(dict.filter(([path]) => path === "plist/dict/array/string").map(([, text]) => text)).toEqual([...command]);
  const after = (key: string) => list[list.findIndex(([, text]) => text === key) + 1];
  expect(after("UserName")).toEqual(["plist/dict/string", "builder"]);
  expect(after("SuccessfulExit")).toEqual(["plist/dict/dict/false", ""]);
  expect(after("KILN_AGENT_DIR")).toEqual(["plist/dict/dict/string", "/usr/local/var/kiln-agent"]);
  expect(launchdPlist(SETTINGS, null)).not.toContain("UserName");
});

test("a task of Windows starts at boot as LocalService, without a limit of time, and again when it failed", () => {
  const command = ["C:\\Program Files\\kiln-agent\\node.exe", "C:\\Program Files\\a & b.mjs", "service"] as const;
  const task = new Map(xmlOf(windowsTask({ ...SETTINGS, command, folder: "C:\\ProgramData\\kiln-agent" }, "S-1-5-19")));
  const of = (path: string) => task.get(`Task/${path}`);
  expect(of("Triggers/BootTrigger/Enabled")).toBe("true");
  expect(of("Principals/Principal/UserId")).toBe("S-1-5-19");
  expect(of("Principals/Principal/LogonType")).toBeUndefined();
  expect(of("Settings/ExecutionTimeLimit")).toBe("PT0S");
  expect(of("Settings/RestartOnFailure/Interval")).toBe("PT1M");
  expect(of("Actions/Exec/Command")).toBe(command[0]);
  expect(of("Actions/Exec/Arguments")).toBe('"C:\\Program Files\\a & b.mjs" service');
  const user = new Map(xmlOf(windowsTask({ ...SETTINGS, scope: "user" }, "someone")));
  expect(user.get("Task/Triggers/LogonTrigger/UserId")).toBe("someone");
});

test("arguments of Windows are quoted as its programs take them apart", () => {
  expect(["plain", "", "a b", 'say "x"', "C:\\a b\\"].map(quotedForWindows)).toEqual([
    "plain",
    '""',
    '"a b"',
    '"say \\"x\\""',
    '"C:\\a b\\\\"',
  ]);
});
