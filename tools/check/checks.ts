import { join } from "node:path";
import { runCommand, type CommandResult } from "../setup/command.ts";
import { root, runTool } from "../tool.ts";

/** One check of the sources. */
export interface Check {
  readonly name: string;
  /** What a failure means and what to do, in a line. */
  readonly advice: string;
  readonly run: () => Promise<CommandResult>;
}

export interface CheckResult {
  readonly name: string;
  readonly advice: string;
  readonly passed: boolean;
  readonly output: string;
  readonly durationMs: number;
}

const script = (name: string) => () =>
  runCommand(process.execPath, ["--disable-warning=ExperimentalWarning", join(root, "tools", "check", name)], {
    cwd: root,
  });

/** Everything that is checked without running the product. */
export const CHECKS: readonly Check[] = [
  { name: "types", advice: "tsc -p .", run: () => runTool("tsc", ["-p", ".", "--pretty", "false"]) },
  { name: "lint", advice: "rules: .oxlintrc.json", run: () => runTool("oxlint", ["--deny-warnings", "."]) },
  { name: "format", advice: "put right by: pnpm format", run: () => runTool("oxfmt", ["--list-different", "."]) },
  { name: "boundaries", advice: "rules: boundaries.config.ts", run: script("boundaries.ts") },
  { name: "unused", advice: "rules: knip.jsonc", run: () => runTool("knip", ["--no-progress", "--no-config-hints"]) },
  { name: "generated", advice: "put right by: pnpm gen", run: script("generated.ts") },
  { name: "contract", advice: "what may change: proto/README.md", run: script("contract.ts") },
  { name: "neutral-text", advice: "rules: tools/check/neutral-text.ts", run: script("neutral-text.ts") },
];

/** Runs checks side by side; results come in the order in which they end. */
export async function* runChecks(checks: readonly Check[]): AsyncGenerator<CheckResult> {
  const running = new Map(checks.map((check) => [check.name, runCheck(check)]));
  while (running.size > 0) {
    const result = await Promise.race(running.values());
    running.delete(result.name);
    yield result;
  }
}

async function runCheck(check: Check): Promise<CheckResult> {
  const started = performance.now();
  const { exitCode, output } = await check.run();
  const durationMs = performance.now() - started;
  return { name: check.name, advice: check.advice, passed: exitCode === 0, output, durationMs };
}

/** Runs checks and prints a line for each, with its output where it failed. */
export async function reportChecks(checks: readonly Check[]): Promise<{ passed: number; failed: number }> {
  const counts = { passed: 0, failed: 0 };
  for await (const result of runChecks(checks)) {
    const seconds = (result.durationMs / 1000).toFixed(1);
    process.stdout.write(`${result.passed ? "ok    " : "FAILED"} ${result.name} (${seconds} s)\n`);
    if (result.passed) {
      counts.passed += 1;
      continue;
    }
    counts.failed += 1;
    process.stdout.write(`${result.output.trimEnd().replaceAll(/^/gmu, "  ")}\n  ${result.name}: ${result.advice}\n`);
  }
  return counts;
}
