/** pytest as a command of its own: at the start, behind a separator, or as a module. */
const PYTEST = /(?:^|[;&|({]\s*|\s-m\s+|\bexec\s+)py\.?test(?=$|[\s;&|)])/g;
/** pytest ends with this when it has collected no test ("Exit codes" in its documentation). */
const PYTEST_NO_TESTS = 5;
/** What pytest writes when it ends before the last test: `-x`, `--maxfail`. */
const STOPPED_EARLY = /^!+ (?:\S*Interrupted: )?stopping after \d+ failures? !+$/m;

/** How often a test command calls pytest, as far as its text tells. */
export function pytestCalls(command: string): number {
  return command.match(PYTEST)?.length ?? 0;
}

/** Whether a command's end says that there was nothing to test. */
export function collectedNothing(command: string, exitCode: number): boolean {
  return exitCode === PYTEST_NO_TESTS && pytestCalls(command) > 0;
}

/** Whether pytest left tests out once some had failed, by the end of its output. */
export function stoppedEarly(output: string): boolean {
  return STOPPED_EARLY.test(output);
}

/**
 * PYTEST_ADDOPTS for a test command, behind what the job has there. pytest reads
 * it before its own arguments, so what the command says of these options wins.
 */
export function pytestOptions(
  ofJob: string | undefined,
  paths: { readonly junit: string; readonly cache: string | null; readonly isRepeat: boolean },
): string {
  const { junit, cache, isRepeat } = paths;
  return [
    ...(ofJob ? [ofJob] : []),
    `--junitxml=${quoted(junit)}`,
    "-o junit_family=xunit2",
    // The cache knows which tests have failed.
    ...(cache === null ? [] : [`-o cache_dir=${quoted(cache)}`]),
    ...(isRepeat ? ["--last-failed"] : []),
  ].join(" ");
}

/** As Python's shlex takes it, which pytest splits the variable with. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}
