import { execFileSync } from "node:child_process";

const COMPILER = process.env["CC"] ?? "cc";

/** Whether this machine can make shared libraries. */
export function hasCompiler(): boolean {
  try {
    execFileSync(COMPILER, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Makes a shared library of a C file. */
export function compileLibrary(source: string, target: string): void {
  execFileSync(COMPILER, ["-shared", "-fPIC", "-o", target, source]);
}
