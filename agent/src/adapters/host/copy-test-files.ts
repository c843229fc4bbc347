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
 * would be imported in place of the installed wheel (`importNames`).
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
  const tops = new Set(importNames.map((name) => name.split(".", 1)[0]));
  for (const entry of await readdir(target)) {
    if (!tops.has(entry.split(".", 1)[0])) continue;
    const message = `files: ${entry} would be imported in place of the installed wheel; name the tests and their data only`;
    return { ok: false, message };
  }
  return { ok: true };
}
