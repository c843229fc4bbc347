/** Whether a library was copied into the wheel by auditwheel, delocate or delvewheel, as far as its folder tells. */
export function isGrafted(path: string): boolean {
  return /(?:^|\/)[^/]*\.(?:libs|dylibs)\//.test(path);
}

/** Whether an interpreter would import the file: an extension module of its own (PEP 3149), of the stable ABI, or without a tag. */
export function isExtensionModule(path: string): boolean {
  if (isGrafted(path)) return false;
  const name = path.slice(path.lastIndexOf("/") + 1);
  const [, stem, tag] = /^([^.]+)(?:\.([^.]+))?\.(?:so|pyd)$/.exec(name) ?? [];
  if (stem === undefined) return false;
  if (tag === undefined) return !stem.startsWith("lib");
  return tag === "abi3" || /^(?:cpython-|cp\d|pypy)/.test(tag);
}

/** Whether an extension module's name ties it to one Python: "_C.cpython-312-x86_64-linux-gnu.so", "_C.cp312-win_amd64.pyd". */
export function isTiedToOnePython(path: string): boolean {
  return /\.(?:cpython-|cp\d|pypy)[^./]*\.(?:so|pyd)$/.test(path);
}

/** Whether a file is a library by its name, version behind its ending included. */
export function isLibraryName(path: string): boolean {
  return /\.(?:so(?:\.[\w.]+)?|dylib|dll|pyd)$/.test(path);
}

/** Where a file of the wheel is installed, relative to site-packages (the binary distribution format, ".data directory"). */
function installedPath(path: string): string {
  return path.replace(/^[^/]+\.data\/(?:purelib|platlib)\//, "");
}

/**
 * Whether an RPATH entry of a file leads outside of where the wheel is
 * installed: an absolute path, a relative one that depends on where a program is
 * started, or one that climbs out of site-packages.
 */
export function isForeignRpath(path: string, entry: string): boolean {
  const own = /^(?:\$ORIGIN|\$\{ORIGIN\}|@loader_path)(?=\/|$)/.exec(entry)?.[0];
  if (own === undefined) return true;
  return climbsOut(`${installedPath(path).split("/").slice(0, -1).join("/")}/${entry.slice(own.length)}`);
}

/** Whether a relative path leads above its begin. */
function climbsOut(path: string): boolean {
  let depth = 0;
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    depth += part === ".." ? -1 : 1;
    if (depth < 0) return true;
  }
  return false;
}
