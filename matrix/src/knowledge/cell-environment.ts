import { knownPython } from "../known/pythons.ts";
import { platformOf } from "../known/os-target.ts";
import type { CellAxes } from "../plan/plan.ts";
import type { MarkerEnvironment } from "./marker.ts";

const SYSTEMS = {
  linux: { os_name: "posix", sys_platform: "linux", platform_system: "Linux" },
  macos: { os_name: "posix", sys_platform: "darwin", platform_system: "Darwin" },
  windows: { os_name: "nt", sys_platform: "win32", platform_system: "Windows" },
} as const;

/** Past every patch release that CPython will have: see `admits`. */
const PATCH_TO_COME = 999;

/**
 * What markers of PEP 508 see in a cell, as far as its python and os axes tell.
 * No extra is asked for: dependencies of extras are not the package's own. A
 * feature version may be any of its patch releases from the newest known one on.
 */
export function cellEnvironment({ os, python }: Pick<CellAxes, "os" | "python">): MarkerEnvironment {
  const feature = python.replace(/t$/, "");
  const full = [knownPython(python)?.newest ?? `${feature}.0`, `${feature}.${PATCH_TO_COME}`];
  const [system, arch] = splitPlatform(platformOf(os));
  const values: Readonly<Record<string, readonly string[]>> = {
    python_version: [feature],
    python_full_version: full,
    implementation_version: full,
    implementation_name: ["cpython"],
    platform_python_implementation: ["CPython"],
    extra: [""],
    ...(system && Object.fromEntries(Object.entries(SYSTEMS[system]).map(([name, value]) => [name, [value]]))),
    ...(system && { platform_machine: [system === "windows" && arch === "x86_64" ? "AMD64" : arch] }),
  };
  return (variable) => values[variable] ?? null;
}

function splitPlatform(platform: string): readonly [system: keyof typeof SYSTEMS | null, arch: string] {
  const [, system, arch = ""] = /^(linux|macos|windows)-(.+)$/.exec(platform) ?? [];
  return [system === "linux" || system === "macos" || system === "windows" ? system : null, arch];
}

/** The axes that a marker's variables depend on. */
export function axesOfVariables(variables: Iterable<string>): ReadonlySet<string> {
  const axes = new Set<string>();
  for (const variable of variables) {
    if (/^(python|implementation)_(full_)?version$/.test(variable)) axes.add("python");
    else if (/^(os_name|sys_platform|platform_system|platform_machine)$/.test(variable)) axes.add("os");
  }
  return axes;
}
