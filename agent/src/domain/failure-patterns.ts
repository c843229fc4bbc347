const CONTEXT_BEFORE = 2;
const CONTEXT_AFTER = 5;
const COMPILER_ERRORS_MAX = 4;

/** A section rule of pytest: "=== short test summary info ===", "=== 1 failed in 0.1s ===". */
const PYTEST_RULE = /^=+ .+ =+$/;

/** pytest's FAILURES and ERRORS sections, without its summary. */
export function pytestFailures(lines: readonly string[]): readonly string[] {
  const start = lines.findIndex((line) => /^=+ (?:FAILURES|ERRORS) =+$/.test(line));
  if (start < 0) return [];
  const end = lines.findIndex(
    (line, i) => i > start && PYTEST_RULE.test(line) && !/^=+ (?:FAILURES|ERRORS) =+$/.test(line),
  );
  return lines.slice(start, end < 0 ? undefined : end);
}

/** pytest's short test summary down to its last line, or that last line alone. */
export function pytestSummary(lines: readonly string[]): readonly string[] {
  const end = lines.findLastIndex((line) => /^=+ .*\b(?:failed|errors?|no tests ran)\b.* =+$/.test(line));
  if (end < 0) return [];
  const start = lines.findLastIndex((line) => /^=+ short test summary info =+$/.test(line));
  return lines.slice(start >= 0 && start < end ? start : end, end + 1);
}

/** unittest's report: from its first "FAIL:" or "ERROR:" block to the end. */
export function unittestFailures(lines: readonly string[]): readonly string[] {
  const start = lines.findIndex((line, i) => /^={70}$/.test(line) && /^(?:FAIL|ERROR): /.test(lines[i + 1] ?? ""));
  return start < 0 ? [] : lines.slice(start);
}

/** The last Python traceback, down to the line that names its exception. */
export function lastTraceback(lines: readonly string[]): readonly string[] {
  const last = lines.findLastIndex((line) => /^\s*(?:\| )?Traceback \(most recent call last\):$/.test(line));
  if (last < 0) return [];
  const indent = /^\s*/.exec(lines[last] ?? "")?.[0].length ?? 0;
  let end = last + 1;
  while (end < lines.length && !isAtIndent(lines[end] ?? "", indent)) end++;
  // What follows an exception's name at once belongs to its message.
  const stop = Math.min(lines.length, end + 1);
  let start = last;
  // A chained exception is not understood without the one that caused it.
  const chain = /^\s*(?:During handling of the above exception|The above exception was the direct cause)/;
  for (let i = last - 1; i >= Math.max(0, last - 60); i--) {
    if (lines[i]?.endsWith("Traceback (most recent call last):")) {
      if (lines.slice(i, start).some((line) => chain.test(line))) start = i;
      break;
    }
  }
  return lines.slice(start, stop).map((line) => (line.slice(0, indent).trim() === "" ? line.slice(indent) : line));
}

function isAtIndent(line: string, indent: number): boolean {
  return line.trim() !== "" && (/^\s*/.exec(line)?.[0].length ?? 0) <= indent;
}

/** Whether a line is a compiler's, linker's or build tool's own error; pip's wrapping is not. */
function isCompilerError(line: string): boolean {
  // What pip and setuptools say of the failure of something else.
  if (/subprocess-exited-with-error|Failed building wheel|metadata-generation-failed|error: command /.test(line))
    return false;
  return (
    // gcc, clang, nvcc, swift: file:line:col: error: …; ld: …: error: …
    /(?:^|[\s:)])(?:fatal )?error: /.test(line) ||
    // MSVC: file(12): error C2065: …; LINK : fatal error LNK1104: …
    /\b(?:fatal )?error (?:[A-Z]{1,4}\d{3,5}): /.test(line) ||
    // rustc
    /^\s*error(?:\[E\d+\])?: /.test(line) ||
    /^\s*CMake Error\b/.test(line) ||
    /: undefined reference to /.test(line)
  );
}

/** The first errors of a compiler, each with the lines around it. */
export function compilerErrors(lines: readonly string[]): readonly string[] {
  const shown = new Set<number>();
  let errors = 0;
  for (let i = 0; i < lines.length && errors < COMPILER_ERRORS_MAX; i++) {
    if (!isCompilerError(lines[i] ?? "")) continue;
    errors++;
    for (let at = Math.max(0, i - CONTEXT_BEFORE); at < i; at++) shown.add(at);
    for (let at = i; at <= Math.min(lines.length - 1, i + CONTEXT_AFTER) && !isEndOfOutput(lines[at]); at++)
      shown.add(at);
  }
  const result: string[] = [];
  let before = -1;
  for (const at of [...shown].sort((a, b) => a - b)) {
    if (before >= 0 && at !== before + 1) result.push("…");
    result.push(lines[at] ?? "");
    before = at;
  }
  return dedent(result);
}

/** pip marks the end of what it passes on. */
function isEndOfOutput(line: string | undefined): boolean {
  return line?.trim() === "[end of output]";
}

/** pip indents what it passes on: take away what every line has. */
function dedent(lines: readonly string[]): readonly string[] {
  let indent = Infinity;
  for (const line of lines) {
    if (line !== "" && line !== "…") indent = Math.min(indent, /^\s*/.exec(line)?.[0].length ?? 0);
  }
  return indent > 0 && Number.isFinite(indent)
    ? lines.map((line) => (line === "…" ? line : line.slice(indent)))
    : lines;
}

/** What kind of output a headline is looked for in. */
export type OutputOf = "build" | "install" | "tests";

/** One line that says best what went wrong, without its indent; null when nothing stands out. */
export function headline(lines: readonly string[], output: OutputOf): string | null {
  const pytest = () => lines.findLast((line) => /^(?:FAILED|ERROR) \S/.test(line));
  const exception = () => lastTraceback(lines).at(-1);
  const pip = () => lines.findLast((line) => /^\s*ERROR: (?!Failed building wheel|No matching)/.test(line));
  const finders = {
    build: [() => lines.find(isCompilerError), exception, pip],
    install: [pip, exception],
    tests: [pytest, exception],
  } as const;
  for (const find of finders[output]) {
    const line = find();
    if (line !== undefined) return line.trim();
  }
  return null;
}
