export { watchInterrupts } from "./interrupts.ts";
export { runCli } from "./run-cli.ts";
export { readVersion } from "./version.ts";
