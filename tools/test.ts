// Everything that CI runs, and the same for a person: `./kiln test`.
//
//   ./kiln test                       the checks, then every test
//   ./kiln test matrix coordinator    the tests of these packages
//   ./kiln test agent/src/spool       the tests whose path contains this
//   ./kiln test matrix -t 'a title'   options go to vitest
//
// The last line of output is `N passed, N failed, N skipped`.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CHECKS, reportChecks } from "./check/checks.ts";
import { setupMain } from "./setup/setup-error.ts";
import { ensureTestNeeds } from "./setup/test-needs.ts";
import { SUMMARY_FILE, type TestSummary } from "./test/summary-reporter.ts";
import { root, toolEnvironment } from "./tool.ts";

/** Packages whose tests need nothing but Node. */
const PURE_PACKAGES: ReadonlySet<string> = new Set(["matrix", "gate"]);

const args = process.argv.slice(2);
const everything = args.length === 0;

await setupMain(async () => {
  if (!args.every((arg) => PURE_PACKAGES.has(arg)) || everything) await ensureTestNeeds();

  const checks = everything ? await reportChecks(CHECKS) : { passed: 0, failed: 0 };
  const tests = await runVitest(args.map(toFilter));

  let failed = checks.failed + tests.failed;
  for (const { file, name, reason } of tests.skipped) {
    // With options such as -t, tests are left out because they were not asked for.
    if (reason === null && !everything) continue;
    process.stdout.write(`skipped: ${name} (${file}): ${reason ?? "no reason given"}\n`);
  }
  const unexplained = tests.skipped.filter((test) => test.reason === null).length;
  if (everything && unexplained > 0 && tests.failed === 0) {
    process.stdout.write(`FAILED: ${unexplained} tests are skipped without context.skip("a reason")\n`);
    failed += 1;
  }
  const passed = checks.passed + tests.passed;
  if (tests.passed + tests.failed === 0) {
    process.stdout.write("FAILED: no test ran\n");
    failed += 1;
  }
  process.stdout.write(`${passed} passed, ${failed} failed, ${tests.skipped.length} skipped\n`);
  process.exitCode = failed === 0 ? 0 : 1;
});

/** A package's name stands for its folder; anything else is vitest's. */
function toFilter(arg: string): string {
  return existsSync(join(root, arg, "package.json")) ? `${join(root, arg)}/` : arg;
}

async function runVitest(vitestArgs: readonly string[]): Promise<TestSummary> {
  const folder = await mkdtemp(join(tmpdir(), "kiln-test-"));
  try {
    const summaryFile = join(folder, "summary.json");
    const reporter = join(root, "tools", "test", "summary-reporter.ts");
    const entry = join(root, "node_modules", "vitest", "vitest.mjs");
    const exitCode = await runToEnd(
      [
        "--disable-warning=ExperimentalWarning",
        entry,
        "run",
        "--reporter=default",
        `--reporter=${reporter}`,
        ...vitestArgs,
      ],
      { ...toolEnvironment(), [SUMMARY_FILE]: summaryFile },
    );
    const text = await readFile(summaryFile, "utf8").catch(() => null);
    const summary: TestSummary =
      text === null ? { passed: 0, failed: 0, skipped: [] } : (JSON.parse(text) as TestSummary);
    // vitest knows of failures that no test has: a run that broke off, say.
    return exitCode !== 0 && summary.failed === 0 ? { ...summary, failed: 1 } : summary;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function runToEnd(nodeArgs: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const child = spawn(process.execPath, [...nodeArgs], { cwd: root, env, stdio: ["ignore", "inherit", "inherit"] });
  child.on("error", reject);
  child.on("close", (code) => resolve(code ?? 1));
  return promise;
}
