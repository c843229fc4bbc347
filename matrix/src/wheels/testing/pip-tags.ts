import { askPythons } from "./ask-pythons.ts";
import type { WheelEnvironment, WheelSystem } from "../wheel-environment.ts";

/** What the pip of an interpreter of this machine says of its tags. */
export interface PipTags {
  /** Of pip, "26.3". */
  readonly pip: string;
  readonly environment: WheelEnvironment;
  /** Of the interpreter itself, best first. */
  readonly own: readonly string[];
  /** Of each environment that was asked for; null when this pip cannot be asked. */
  readonly asked: readonly (readonly string[])[] | null;
}

/** Asks pip's own copy of `packaging`; the answer for another system is its answer with that system's C library. */
const SCRIPT = `
import json, platform, sys, sysconfig
import pip
from pip._internal.utils.compatibility_tags import get_supported
from pip._vendor.packaging import _manylinux, _musllinux, tags

def system():
    arch = platform.machine().lower()
    if sys.platform == "darwin":
        return {"kind": "macos", "arch": arch, "version": platform.mac_ver()[0]}
    if sys.platform == "win32":
        return {"kind": "windows", "arch": {"amd64": "x86_64"}.get(arch, arch)}
    major, minor = _manylinux._get_glibc_version()
    if major == 2:
        return {"kind": "glibc", "arch": arch, "version": "%d.%d" % (major, minor)}
    musl = _musllinux._get_musl_version(sys.executable)
    return {"kind": "musl", "arch": arch, "version": "%d.%d" % (musl.major, musl.minor)}

def platforms(of):
    version = tuple(map(int, of.get("version", "0").split(".")))
    if of["kind"] == "windows":
        return [{"x86_64": "win_amd64", "arm64": "win_arm64", "x86": "win32"}[of["arch"]]]
    if of["kind"] == "macos":
        return list(tags.mac_platforms((version + (0,))[:2], of["arch"]))
    if of["kind"] == "glibc":
        _manylinux._get_glibc_version = lambda: _manylinux._GLibCVersion(*version)
        _manylinux._have_compatible_abi = lambda *_: True
        return ["linux_" + of["arch"]] + list(_manylinux.platform_tags([of["arch"]]))
    _musllinux._get_musl_version = lambda _: _musllinux._MuslVersion(*version)
    return ["linux_" + of["arch"]] + list(_musllinux.platform_tags([of["arch"]]))

def tags_of(asked):
    minor = int(asked["python"][2:].rstrip("t"))
    abi = "cp3%d%s" % (minor, "t" if asked["python"].endswith("t") else "")
    of = platforms(asked["system"])
    found = list(tags.cpython_tags((3, minor), [abi], of))
    return found + list(tags.compatible_tags((3, minor), "cp3%d" % minor, of))

# Before that, its packaging knew nothing of free-threaded builds, and other arguments.
can_be_asked = tuple(map(int, pip.__version__.split(".")[:2])) >= (24, 1)
threaded = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
json.dump({
    "pip": pip.__version__,
    "environment": {"python": "%d.%d%s" % (sys.version_info[:2] + (threaded,)), "system": system()},
    "own": [str(tag) for tag in get_supported()],
    "asked": [[str(tag) for tag in tags_of(asked)] for asked in json.loads(sys.argv[1])] if can_be_asked else None,
}, sys.stdout)
`;

/** The answers of every CPython 3.8 or newer of this machine that has a pip. */
export async function pipTags(asked: readonly WheelEnvironment[]): Promise<readonly PipTags[]> {
  const answers = (await askPythons(SCRIPT, asked)) as readonly PipTags[];
  return answers.filter(({ environment }) => SERVED.test(environment.python));
}

const SERVED = /^3\.(8|9|\d\d)t?$/;

/** Systems of every kind, for the question what pip says of them. */
export const SYSTEMS: readonly WheelSystem[] = [
  ...["2.5", "2.12", "2.17", "2.28", "2.35", "2.41"].map(
    (version) => ({ kind: "glibc", arch: "x86_64", version }) as const,
  ),
  ...["2.17", "2.28", "2.39"].map((version) => ({ kind: "glibc", arch: "aarch64", version }) as const),
  { kind: "musl", arch: "x86_64", version: "1.2" },
  { kind: "musl", arch: "aarch64", version: "1.1" },
  ...["11", "13.6", "14", "15", "26"].flatMap((version) =>
    (["arm64", "x86_64"] as const).map((arch) => ({ kind: "macos", arch, version }) as const),
  ),
  { kind: "macos", arch: "x86_64", version: "10.9" },
  { kind: "macos", arch: "x86_64", version: "10.15" },
  ...(["x86_64", "arm64", "x86"] as const).map((arch) => ({ kind: "windows", arch }) as const),
];
