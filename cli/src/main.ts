import { enableCompileCache } from "node:module";

// Before anything else is loaded: it keeps what type stripping and V8 made of each file.
enableCompileCache();
const { readVersion, runCli, watchInterrupts } = await import("./program/entry.ts");

const interrupts = watchInterrupts(process, () => process.exit(130));

// The reader of a pipe went away (`kiln logs … | head`), or the terminal did: that is no error, but there is
// nobody left to tell, so that what runs is brought to its end.
let readerGone = false;
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (!readerGone && error.code !== "EPIPE" && error.code !== "EIO") throw error;
    readerGone = true;
    interrupts.end();
  });
}

const exitCode = await runCli({
  args: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  // Not opened before it is asked for: it would keep the process.
  get stdin() {
    return process.stdin;
  },
  platform: process.platform,
  stdout: process.stdout,
  stderr: process.stderr,
  version: readVersion(),
  interrupted: interrupts.first,
  interruptedAgain: interrupts.second,
  nowMs: () => Date.now(),
});
process.exitCode = readerGone ? 0 : exitCode;
