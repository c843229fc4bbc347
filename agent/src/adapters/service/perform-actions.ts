import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Action } from "../../domain/service/install-plan.ts";

const COMMAND_TIMEOUT_MS = 120_000;

export type Performed = { readonly ok: true } | { readonly ok: false; readonly message: string };

/** Performs actions in their order, up to the first that fails; `say` is told each before. */
export function performActions(actions: readonly Action[], say: (line: string) => void): Performed {
  for (const action of actions) {
    say(describeAction(action));
    try {
      const performed = perform(action);
      if (!performed.ok) return performed;
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      return { ok: false, message: `${describeAction(action)}: ${message}` };
    }
  }
  return { ok: true };
}

/** An action as a person would type or say it; secrets in the environment are not shown. */
export function describeAction(action: Action): string {
  switch (action.kind) {
    case "make-folder":
      return `make the folder ${action.path} (${octal(action.mode)}${action.owner === null ? "" : `, ${action.owner}`})`;
    case "write-file":
      return `write ${action.path}`;
    case "copy-file":
      return `copy ${action.from} to ${action.path}`;
    case "remove":
      return `remove ${action.path}`;
    case "run":
      return [...Object.keys(action.env ?? {}).map((name) => `${name}=…`), ...action.argv.map(shown)].join(" ");
  }
}

function perform(action: Action): Performed {
  switch (action.kind) {
    case "make-folder":
      mkdirSync(action.path, { recursive: true, mode: action.mode });
      if (process.platform !== "win32") chmodSync(action.path, action.mode);
      return action.owner === null ? { ok: true } : runCommand(["chown", "-R", `${action.owner}:`, action.path], {});
    case "write-file":
      mkdirSync(dirname(action.path), { recursive: true });
      writeFileSync(action.path, action.encoding === "utf16" ? utf16(action.text) : action.text, { mode: 0o644 });
      return { ok: true };
    case "copy-file":
      // A running program is replaced by another file, not written into.
      rmSync(action.path, { force: true });
      copyFileSync(action.from, action.path);
      if (process.platform !== "win32") chmodSync(action.path, action.mode);
      return { ok: true };
    case "remove":
      rmSync(action.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
      return { ok: true };
    case "run": {
      const ended = runCommand(action.argv, action.env ?? {});
      return action.mayFail ? { ok: true } : ended;
    }
  }
}

function runCommand(argv: readonly [string, ...string[]], env: Readonly<Record<string, string>>): Performed {
  const uid = String(process.getuid?.() ?? "");
  const [program, ...args] = argv.map((arg) => arg.replaceAll("$UID", uid)) as [string, ...string[]];
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    encoding: "utf8",
    timeout: COMMAND_TIMEOUT_MS,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    windowsHide: true,
  });
  if (status === 0) return { ok: true };
  const reason = error?.message ?? (`${stdout}${stderr}`.trim() || `it ended with ${status ?? "a signal"}`);
  return { ok: false, message: `${argv.map(shown).join(" ")}: ${reason}` };
}

/** What Windows' own tools read without being told. */
function utf16(text: string): Buffer {
  return Buffer.from(`\uFEFF${text.replaceAll("\n", "\r\n")}`, "utf16le");
}

function shown(arg: string): string {
  return /[\s"'$\\]/.test(arg) ? `'${arg}'` : arg;
}

function octal(mode: number): string {
  return `0${mode.toString(8)}`;
}
