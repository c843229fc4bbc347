/**
 * Runs a module of a folder as its program, whatever else is installed: the
 * folder is first on `sys.path`, its programs first on PATH, and nothing of the
 * environment's Python settings holds. Arguments: folder, module, and the
 * module's own.
 */
const SCRIPT = `import os, runpy, sys
folder, module = sys.argv[1:3]
sys.path.insert(0, folder)
bin = os.path.join(folder, "Scripts" if os.name == "nt" else "bin")
os.environ["PATH"] = bin + os.pathsep + os.environ.get("PATH", os.defpath)
sys.argv = [module] + sys.argv[3:]
runpy.run_module(module, run_name="__main__", alter_sys=True)
`;

/** The arguments that make an interpreter run a module of a folder. */
export function moduleArguments(folder: string, module: string): readonly string[] {
  return ["-I", "-c", SCRIPT, folder, module];
}
