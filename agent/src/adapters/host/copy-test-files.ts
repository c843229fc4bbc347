import { existsSync } from "node:fs";
import { cp, mkdir, readdir } from "node:fs/promises";
import { dirname, isAbsolute, join, normalize, sep } from "node:path";

export type CopyResult =
  | { readonly ok: true }
  /** `message` says which entry of the spec is wrong. */
  | { readonly ok: false; readonly message: string };

/**
 * Copies what the test command needs from the source into the folder that it
 * runs in. Refused is what is not there or not inside the source, and what
 * would be imported in place of the installed wheel (`importNames`): at the top,
 * or one folder down, as in `src/`, which pytest's `pythonpath` and its own
 * search put on the path.
 */
export async function copyTestFiles(
  files: readonly string[],
  source: string,
  target: string,
  importNames: readonly string[],
): Promise<CopyResult> {
  for (const file of files) {
    const path = normalize(file);
    if (isAbsolute(path) || path === ".." || path.startsWith(`..${sep}`)) {
      return { ok: false, message: `files: ${file} is not a path inside the source` };
    }
    if (!existsSync(join(source, path))) {
      return { ok: false, message: `files: the source has no ${file}` };
    }
    await mkdir(dirname(join(target, path)), { recursive: true });
    // Links point to inside the source (unpackSource), so what they point to may be copied.
    await cp(join(source, path), join(target, path), { recursive: true, dereference: true });
  }
  const standIn = await findStandIn(target, new Set(importNames.map((name) => name.split(".", 1)[0] ?? "")));
  if (standIn === null) return { ok: true };
  const message = `files: ${standIn} would be imported in place of the installed wheel; name the tests and their data only`;
  return { ok: false, message };
}

/** What has the name of something installed, where Python may look before it looks there. */
async function findStandIn(target: string, names: ReadonlySet<string>): Promise<string | null> {
  for (const entry of await readdir(target, { withFileTypes: true })) {
    if (names.has(withoutSuffix(entry.name))) return entry.name;
    // What is inside a package goes by the package's name.
    if (!entry.isDirectory() || existsSync(join(target, entry.name, "__init__.py"))) continue;
    for (const inner of await readdir(join(target, entry.name))) {
      if (!names.has(withoutSuffix(inner))) continue;
      const isModule = /\.(?:py|so|pyd)$/.test(inner) || existsSync(join(target, entry.name, inner, "__init__.py"));
      if (isModule) return `${entry.name}/${inner}`;
    }
  }
  return null;
}

function withoutSuffix(name: string): string {
  return name.split(".", 1)[0] ?? "";
}
