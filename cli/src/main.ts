import { enableCompileCache } from "node:module";

// Before anything else is loaded: it keeps what type stripping and V8 made of each file.
enableCompileCache();
const { readVersion, runCli, watchInterrupts } = await import("./program/entry.ts");

const interrupts = watchInterrupts(process, () => process.exit(130));

// The reader of a pipe went away (`kiln logs … | head`): that is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
}

process.exitCode = await runCli({
  args: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  platform: process.platform,
  stdout: process.stdout,
  stderr: process.stderr,
  version: readVersion(),
  interrupted: interrupts.first,
  interruptedAgain: interrupts.second,
  nowMs: () => Date.now(),
});
