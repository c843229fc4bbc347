import { writeFile } from "node:fs/promises";
import { relative } from "node:path";
import type { Reporter, TestModule } from "vitest/node";

/** What a vitest run came to; what `tools/test.ts` reads. */
export interface TestSummary {
  readonly passed: number;
  /** Tests, and files and hooks that failed outside of any test. */
  readonly failed: number;
  readonly skipped: readonly SkippedTest[];
}

export interface SkippedTest {
  readonly file: string;
  readonly name: string;
  /** What the test gave to `context.skip(reason)`; null when it gave none. */
  readonly reason: string | null;
}

/** Name of the environment variable with the path that the summary is written to. */
export const SUMMARY_FILE = "KILN_TEST_SUMMARY";

/** Writes the summary of a run to a file, as JSON. */
export default class SummaryReporter implements Reporter {
  async onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): Promise<void> {
    const path = process.env[SUMMARY_FILE];
    if (path === undefined) throw new Error(`${SUMMARY_FILE} is not set`);
    await writeFile(path, JSON.stringify(summarise(modules, unhandledErrors.length)));
  }
}

function summarise(modules: readonly TestModule[], unhandledErrors: number): TestSummary {
  let passed = 0;
  let failed = unhandledErrors;
  const skipped: SkippedTest[] = [];
  for (const module of modules) {
    failed += module.errors().length;
    for (const suite of module.children.allSuites()) failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const result = test.result();
      if (result.state === "passed") passed += 1;
      else if (result.state === "skipped") {
        skipped.push({
          file: relative(process.cwd(), module.moduleId),
          name: test.fullName,
          reason: result.note ?? null,
        });
      } else failed += 1;
    }
  }
  return { passed, failed, skipped };
}
