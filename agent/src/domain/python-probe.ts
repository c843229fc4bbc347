import type { Interpreter, PythonSource } from "./interpreter.ts";

/** What an executable says of itself when it is asked. */
export interface PythonFacts {
  /** "cpython", "pypy", … */
  readonly implementation: string;
  /** "3.12.1" */
  readonly version: string;
  readonly isFreeThreaded: boolean;
  /** sysconfig.get_platform(), for example "linux-x86_64", "macosx-11.0-arm64", "win-amd64". */
  readonly platform: string;
  /** What it runs on, for example "arm64": a macOS "universal2" holds several. */
  readonly machine: string;
  /** It belongs to a virtual environment. */
  readonly isVirtual: boolean;
  /** Modules that jobs need and that it cannot import. */
  readonly missing: readonly string[];
  /** The pip wheel of its ensurepip; empty when there is none. */
  readonly pipWheel: string;
}

export type JudgedPython =
  | { readonly kind: "usable"; readonly interpreter: Interpreter }
  /** There, wanted, and not usable: `message` says why and what to do. */
  | { readonly kind: "problem"; readonly message: string }
  /** A CPython older than what is supported. */
  | { readonly kind: "older" }
  /** Not a CPython, or a virtual environment of one. */
  | { readonly kind: "other" };

const MINOR_MIN = 8;

/** Decides whether jobs can use an interpreter. */
export function judgePython(path: string, foundBy: PythonSource, facts: PythonFacts): JudgedPython {
  const [major = 0, minor = 0] = facts.version.split(".").map(Number);
  if (facts.implementation !== "cpython" || facts.isVirtual) return { kind: "other" };
  if (major !== 3 || minor < MINOR_MIN) return { kind: "older" };
  const feature = `${major}.${minor}${facts.isFreeThreaded ? "t" : ""}`;
  const platform = matrixPlatform(facts);
  if (platform === null)
    return { kind: "problem", message: `its platform ${facts.platform} is not one that Kiln builds for` };
  const lacking = lackOf(facts, `${major}.${minor}`);
  if (lacking !== null) return { kind: "problem", message: lacking };
  return {
    kind: "usable",
    interpreter: { feature, version: facts.version, path, foundBy, platform, pipWheel: facts.pipWheel },
  };
}

function lackOf({ missing, pipWheel, platform }: PythonFacts, minorVersion: string): string | null {
  if (missing.includes("venv") || missing.includes("ensurepip") || pipWheel === "") {
    const what = "it cannot make virtual environments with pip: its venv or ensurepip is missing.";
    return platform.startsWith("linux")
      ? `${what} On Debian and Ubuntu: apt install python${minorVersion}-venv`
      : `${what} Install it again with pip`;
  }
  if (missing.length === 0) return null;
  return `it was built without ${missing.join(" and ")}, which pip needs: install their headers and build it again`;
}

/** The platform in the matrix's terms; null for one that has no wheels of its own there. */
function matrixPlatform({ platform, machine }: PythonFacts): string | null {
  const [, os = "", built = ""] = /^(linux|macosx-[\d.]+|win)-(.+)$/.exec(platform) ?? [];
  if (os === "linux" && (built === "x86_64" || built === "aarch64")) return platform;
  if (os.startsWith("macosx")) {
    const arch = built.startsWith("universal") ? machine : built;
    return arch === "arm64" || arch === "x86_64" ? `macos-${arch}` : null;
  }
  return os === "win" && built === "amd64" ? "windows-x86_64" : null;
}
