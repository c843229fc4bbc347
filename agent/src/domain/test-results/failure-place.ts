export interface CaseDefinition {
  /** As the JUnit file has it; empty or null where it does not tell. */
  readonly file: string;
  readonly line: number | null;
  /** The folder that the tests ran in. */
  readonly root: string;
}

/** pytest's own style: "tests/test_a.py:12: AssertionError", "/job/tests/test_a.py:3: needs a GPU". */
const PYTEST = /^(?![E>] )((?:[A-Za-z]:)?[^\s:][^:\n]*):(\d+): /;
/** Python's: `  File "tests/test_a.py", line 12, in test_a`. */
const TRACEBACK = /^\s*File "([^"\n]+)", line (\d+)/;

/**
 * Where a test failed, "tests/test_a.py:12": the first line of its traceback
 * that is in the folder that the tests ran in, else its last one, else where
 * the test is defined; empty when nothing tells.
 */
export function placeOf(text: string, { file, line, root }: CaseDefinition): string {
  const places = text.split("\n").flatMap((one) => {
    const [, path, at] = PYTEST.exec(one) ?? TRACEBACK.exec(one) ?? [];
    return path === undefined ? [] : [{ path: within(path, root), at: at ?? "" }];
  });
  const own = places.find(({ path }) => !isAbsolute(path)) ?? places.at(-1);
  if (own) return `${own.path}:${own.at}`;
  if (file === "") return "";
  return line === null ? within(file, root) : `${within(file, root)}:${line}`;
}

function within(path: string, root: string): string {
  return root !== "" && path.startsWith(root) && /^[/\\]/.test(path.slice(root.length))
    ? path.slice(root.length + 1)
    : path;
}

function isAbsolute(path: string): boolean {
  return /^(?:[/\\]|[A-Za-z]:)/.test(path);
}
