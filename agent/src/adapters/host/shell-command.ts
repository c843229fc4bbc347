import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandSpec } from "./command.ts";

/**
 * A command as the platform's shell runs it. cmd.exe reads no further than the
 * end of a line: there a command of several is written into a file of `folder`,
 * where `%` is doubled in what is no variable, as in every batch file.
 */
export function shellCommand(command: string, folder: string): Pick<CommandSpec, "argv" | "isVerbatim"> {
  if (process.platform !== "win32") return { argv: ["/bin/sh", "-c", command] };
  const lines = command.trim().split(/\r?\n/);
  const shell = process.env["ComSpec"] ?? "cmd.exe";
  // /s with outer quotes: the command reaches cmd.exe unchanged.
  const run = (line: string) => ({ argv: [shell, "/d", "/s", "/c", `"${line}"`] as const, isVerbatim: true });
  if (lines.length === 1) return run(lines.join(""));
  const file = join(folder, "kiln-command.cmd");
  writeFileSync(file, `${["@echo off", ...lines].join("\r\n")}\r\n`);
  return run(`call "${file}"`);
}
