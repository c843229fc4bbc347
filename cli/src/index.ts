export { EXIT, exitCodeOfVerdict, type ExitCode } from "./exit-code.ts";
export { upstreamSettings } from "./package-index/upstream-settings.ts";
export { runCli, type CliProcess } from "./program/run-cli.ts";
