import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ChildSpec } from "../supervise/child.ts";

/** Programs that behave as the farm's processes do, or misbehave, for tests of what looks after them. */
export const SCRIPTS = {
  /** Ready at once; says on its log when it is asked to end; ends with its parent. */
  good: `
    const name = process.env.NAME ?? "child";
    process.stdin.on("end", () => process.exit(7)).resume();
    process.on("SIGTERM", () => { console.error(name + " stops"); process.exit(0); });
    console.error(name + " " + process.pid);
    console.log("a line that is none of ours");
    console.log(JSON.stringify({ ready: true, httpUrl: "http://127.0.0.1:1", agentId: name }));
  `,
  /** Ready, then dead. */
  dies: `
    console.log(JSON.stringify({ ready: true }));
    console.error("dying of \\u001b[31mold age");
    setTimeout(() => process.exit(3), 5);
  `,
  /** Dead before it is ready. */
  failsToStart: `console.error("no such database"); process.exit(2);`,
  /** Ready, and deaf to every request to end. */
  deaf: `
    process.on("SIGTERM", () => {});
    console.log(JSON.stringify({ ready: true }));
    setInterval(() => {}, 1000);
  `,
} as const;

/** A spec of such a program. */
export async function scriptSpec(
  dir: string,
  script: keyof typeof SCRIPTS,
  changes: Partial<ChildSpec> = {},
): Promise<ChildSpec> {
  const path = join(dir, `${script}.mjs`);
  await writeFile(path, SCRIPTS[script]);
  const name = changes.name ?? script;
  return {
    name,
    command: process.execPath,
    args: [path],
    env: { ...process.env, NAME: name },
    cwd: dir,
    logFile: join(dir, "logs", `${name}.log`),
    ready: { kind: "line" },
    readyTimeoutMs: 10_000,
    stopTimeoutMs: 5_000,
    ...changes,
  };
}
