export { EXIT, exitCodeOfVerdict, type ExitCode } from "./exit-code.ts";
export { runCli, type CliProcess } from "./program/run-cli.ts";
