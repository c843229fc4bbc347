import type { CommandSpec } from "./command.ts";

/** A command line as the platform's shell runs it. */
export function shellCommand(command: string): Pick<CommandSpec, "argv" | "isVerbatim"> {
  if (process.platform !== "win32") return { argv: ["/bin/sh", "-c", command] };
  // /s with outer quotes: the command reaches cmd.exe unchanged.
  const shell = process.env["ComSpec"] ?? "cmd.exe";
  return { argv: [shell, "/d", "/s", "/c", `"${command}"`], isVerbatim: true };
}
