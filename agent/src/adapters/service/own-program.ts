import { basename } from "node:path";
import { isSea } from "node:sea";

/** How this process was started, and what has to be copied so that it can be started elsewhere. */
export interface OwnProgram {
  /** Program and arguments, without the agent's own. */
  readonly command: readonly [string, ...string[]];
  /** Its files; the first is what `command` starts. null: a checkout, which is no file that could be copied. */
  readonly files: readonly { readonly from: string; readonly name: string }[] | null;
}

/** This agent: a single executable, a bundle with its Node, or the sources. */
export function ownProgram(): OwnProgram {
  const exe = process.platform === "win32" ? ".exe" : "";
  if (isSea()) {
    return { command: [process.execPath], files: [{ from: process.execPath, name: `kiln-agent${exe}` }] };
  }
  const script = process.argv[1] ?? "";
  const isBundle = script.endsWith(".mjs");
  const files = [
    { from: process.execPath, name: `node${exe}` },
    { from: script, name: basename(script) },
  ];
  return { command: [process.execPath, script], files: isBundle ? files : null };
}
