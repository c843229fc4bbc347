import {
  FINAL_EXIT_CODES,
  RESTART_DELAY_S,
  RESTARTS,
  STOP_TIMEOUT_S,
  type ServiceLimits,
  type ServiceSettings,
} from "./service-settings.ts";

type Line = readonly [key: string, value: string | number] | null;

/** Where systemd keeps the folder of a service with StateDirectory=. */
const STATE_ROOT = "/var/lib";

/**
 * A unit of systemd (systemd.unit(5), systemd.exec(5)), for 247 and newer. The
 * system's own runs as a user of its own with a system to read and one folder to
 * write; a user's has what a user manager can set.
 */
export function systemdUnit(settings: ServiceSettings): string {
  const { scope, hasDocker } = settings;
  const after = ["network-online.target", ...(hasDocker ? ["docker.service", "podman.socket"] : [])].join(" ");
  return [
    section("Unit", [
      ["Description", "Kiln agent"],
      // A user manager has no such targets.
      scope === "system" ? ["After", after] : null,
      scope === "system" ? ["Wants", "network-online.target"] : null,
      ["StartLimitIntervalSec", RESTARTS.withinS],
      ["StartLimitBurst", RESTARTS.max],
    ]),
    section("Service", [
      ["Type", "exec"],
      ["ExecStart", settings.command.map(quoted).join(" ")],
      ["Environment", quoted(`KILN_AGENT_DIR=${settings.folder}`)],
      ["UMask", "0077"],
      // SIGTERM goes to the agent, which ends its jobs in order; what is left after that is killed.
      ["KillMode", "mixed"],
      ["TimeoutStopSec", STOP_TIMEOUT_S],
      ["Restart", "always"],
      ["RestartSec", RESTART_DELAY_S],
      ["RestartPreventExitStatus", FINAL_EXIT_CODES.join(" ")],
      ["LimitNOFILE", 65_536],
      // A job that eats the memory takes itself down, not the agent.
      ["OOMPolicy", "continue"],
      ...limitLines(settings.limits),
      ["NoNewPrivileges", "yes"],
      ...(scope === "system" ? systemLines(settings) : []),
    ]),
    section("Install", [["WantedBy", scope === "system" ? "multi-user.target" : "default.target"]]),
  ].join("\n");
}

function limitLines({ memoryBytes, cpus, tasks }: ServiceLimits): readonly Line[] {
  return [
    memoryBytes === null ? null : ["MemoryMax", memoryBytes],
    cpus === null ? null : ["CPUQuota", `${Math.round(cpus * 100)}%`],
    tasks === null ? null : ["TasksMax", tasks],
  ];
}

function systemLines({ name, folder, hasDocker, hasGpus }: ServiceSettings): readonly Line[] {
  return [
    ["User", name],
    ["Group", name],
    // Who may use the Docker Engine is root on this machine: that is what containers cost.
    hasDocker ? ["SupplementaryGroups", "docker"] : null,
    folder.startsWith(`${STATE_ROOT}/`) ? ["StateDirectory", folder.slice(STATE_ROOT.length + 1)] : null,
    ["StateDirectoryMode", "0700"],
    ["ReadWritePaths", quoted(folder)],
    ["WorkingDirectory", folder],
    ["CapabilityBoundingSet", ""],
    ["AmbientCapabilities", ""],
    ["ProtectSystem", "strict"],
    ["ProtectHome", "yes"],
    ["PrivateTmp", "yes"],
    ...deviceLines(hasGpus),
    ["ProtectClock", "yes"],
    ["ProtectControlGroups", "yes"],
    ["ProtectHostname", "yes"],
    ["ProtectKernelLogs", "yes"],
    ["ProtectKernelModules", "yes"],
    ["ProtectKernelTunables", "yes"],
    // The agent finds its own jobs' processes in /proc, and nobody else's.
    ["ProtectProc", "invisible"],
    ["LockPersonality", "yes"],
    ["RemoveIPC", "yes"],
    ["RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6 AF_NETLINK"],
    ["RestrictNamespaces", "yes"],
    ["RestrictRealtime", "yes"],
    ["RestrictSUIDSGID", "yes"],
    ["SystemCallArchitectures", "native"],
    ["SystemCallFilter", "@system-service"],
    ["SystemCallErrorNumber", "EPERM"],
    // Not MemoryDenyWriteExecute: V8 compiles at run time.
  ];
}

/** The drivers' names in /proc/devices: numbers differ from one boot to the next. */
function deviceLines(hasGpus: boolean): readonly Line[] {
  if (!hasGpus) return [["PrivateDevices", "yes"]];
  const drivers = ["nvidia", "nvidia-frontend", "nvidia-uvm", "nvidia-caps", "nvidia-nvswitch"];
  return [["DevicePolicy", "closed"], ...drivers.map((driver) => ["DeviceAllow", `char-${driver} rw`] as const)];
}

function section(name: string, lines: readonly Line[]): string {
  const texts = lines.filter((line) => line !== null).map(([key, value]) => `${key}=${value}\n`);
  return `[${name}]\n${texts.join("")}`;
}

/** As a word of a command line or of Environment= (systemd.syntax(7)): no variables, no specifiers. */
function quoted(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /[\s"'\\;]/.test(text) ? `"${escaped}"` : escaped;
}
