/** Top-level names that packages install by habit and that are not theirs to import. */
const HABITUAL = new Set(["test", "tests", "testing", "doc", "docs", "example", "examples", "benchmark", "benchmarks"]);

/** Deepest namespace package that is looked into. */
const NAMESPACE_DEPTH_MAX = 5;

interface Folder {
  readonly folders: Map<string, Folder>;
  readonly modules: Set<string>;
}

/**
 * The names to import to see whether a wheel works: every top-level package
 * and module, sorted. Private names (`_x`), tests and the like count only when
 * there is nothing else. A namespace package stands for the packages inside
 * it, since importing it alone proves nothing.
 * `paths` are those of the installed RECORD, relative to site-packages.
 */
export function importNames(paths: readonly string[]): readonly string[] {
  const names = namesIn(treeOf(paths), "", 0);
  const isPlain = (name: string): boolean => {
    const top = name.split(".", 1)[0] ?? "";
    return !top.startsWith("_") && !HABITUAL.has(top.toLowerCase());
  };
  const plain = names.filter(isPlain);
  return (plain.length > 0 ? plain : names).sort();
}

function treeOf(paths: readonly string[]): Folder {
  const root: Folder = { folders: new Map(), modules: new Set() };
  for (const path of paths) {
    const parts = path.replaceAll("\\", "/").split("/");
    const file = parts.pop() ?? "";
    const module = moduleName(file);
    if (module === null || parts.some((part) => !isIdentifier(part))) continue;
    let folder = root;
    for (const part of parts) {
      let next = folder.folders.get(part);
      if (!next) folder.folders.set(part, (next = { folders: new Map(), modules: new Set() }));
      folder = next;
    }
    folder.modules.add(module);
  }
  return root;
}

function namesIn(folder: Folder, prefix: string, depth: number): string[] {
  const names: string[] = [];
  for (const module of folder.modules) if (module !== "__main__") names.push(prefix + module);
  for (const [name, inner] of folder.folders) {
    if (inner.modules.has("__init__")) names.push(prefix + name);
    else if (depth < NAMESPACE_DEPTH_MAX) names.push(...namesIn(inner, `${prefix}${name}.`, depth + 1));
  }
  return names;
}

/** "foo" for foo.py, foo.so and foo.cpython-312-x86_64-linux-gnu.so; null for what cannot be imported. */
function moduleName(file: string): string | null {
  const match = /^([^.]+)(?:\.[^/]+)?\.(?:so|pyd)$|^([^.]+)\.py$/.exec(file);
  const name = match?.[1] ?? match?.[2];
  return name !== undefined && isIdentifier(name) ? name : null;
}

function isIdentifier(text: string): boolean {
  return /^[\p{ID_Start}_][\p{ID_Continue}]*$/u.test(text);
}
