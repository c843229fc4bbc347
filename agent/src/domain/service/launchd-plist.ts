import { RESTART_DELAY_S, STOP_TIMEOUT_S, type ServiceSettings } from "./service-settings.ts";
import { xmlText } from "./xml-text.ts";

type Value = string | number | boolean | readonly string[] | { readonly [key: string]: Value };

/** launchd wants names that nobody else has. */
export function launchdLabel(name: string): string {
  return `dev.kiln.${name}`;
}

/**
 * A property list of launchd (launchd.plist(5)). `user`: whom a daemon of the
 * system runs as; macOS has no user for it alone. It is started again when it
 * ends with a failure.
 */
export function launchdPlist(settings: ServiceSettings, user: string | null): string {
  const { command, folder, limits, name } = settings;
  const resources: Record<string, Value> = {
    NumberOfFiles: 65_536,
    ...(limits.tasks === null ? {} : { NumberOfProcesses: limits.tasks }),
  };
  const entries: Record<string, Value> = {
    Label: launchdLabel(name),
    ProgramArguments: command,
    ...(user === null ? {} : { UserName: user }),
    EnvironmentVariables: { KILN_AGENT_DIR: folder },
    WorkingDirectory: folder,
    // 0077
    Umask: 63,
    RunAtLoad: true,
    KeepAlive: { SuccessfulExit: false },
    ThrottleInterval: RESTART_DELAY_S,
    ExitTimeOut: STOP_TIMEOUT_S,
    ProcessType: "Standard",
    SoftResourceLimits: resources,
    HardResourceLimits: resources,
    StandardOutPath: `${folder}/agent.out`,
    StandardErrorPath: `${folder}/agent.log`,
  };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    element(entries, ""),
    "</plist>",
    "",
  ].join("\n");
}

function element(value: Value, indent: string): string {
  if (typeof value === "string") return `${indent}<string>${xmlText(value)}</string>`;
  if (typeof value === "number") return `${indent}<integer>${value}</integer>`;
  if (typeof value === "boolean") return `${indent}<${value}/>`;
  const inner = `${indent}  `;
  if (isList(value)) {
    return [`${indent}<array>`, ...value.map((one) => element(one, inner)), `${indent}</array>`].join("\n");
  }
  const pairs = Object.entries(value).flatMap(([key, one]) => [
    `${inner}<key>${xmlText(key)}</key>`,
    element(one, inner),
  ]);
  return [`${indent}<dict>`, ...pairs, `${indent}</dict>`].join("\n");
}

function isList(value: Value): value is readonly string[] {
  return Array.isArray(value);
}
