import { aptInstall, haveApt, rootPrefix } from "./apt.ts";
import { commandWorks } from "./command.ts";
import { say, SetupError } from "./setup-error.ts";

/** Something that the tests build and run, and that is not Kiln's to bring in another way. */
interface Need {
  /** As a sentence goes on after "the tests need". */
  readonly what: string;
  readonly aptPackages: readonly string[];
  readonly byHand: readonly string[];
  readonly isMet: () => Promise<boolean>;
}

/** Exits with 0 where a C extension can be built and installed into a virtual environment. */
const PYTHON_PROBE = `
import os, sys, sysconfig
import ensurepip, venv
sys.exit(not (sys.version_info >= (3, 8) and os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))))
`;

const PYTHON_COMMANDS = ["python3", "python", ...[8, 9, 10, 11, 12, 13, 14].map((minor) => `python3.${minor}`)];

/** For engines that tests start themselves: docker-registry serves them, debootstrap makes their images. */
const CONTAINER_PROGRAMS = ["dockerd", "podman", "docker-registry", "debootstrap", "runc", "docker-init"];
const CONTAINER_PACKAGES = ["docker.io", "podman", "catatonit", "docker-registry", "debootstrap", "runc"];

const NEEDS: readonly Need[] = [
  {
    what: "a CPython 3.8 or newer with the venv module and its headers",
    aptPackages: ["python3", "python3-venv", "python3-dev"],
    byHand: ["macOS:    brew install python", "Windows:  winget install Python.Python.3.13"],
    isMet: async () => {
      for (const command of PYTHON_COMMANDS) {
        if (await commandWorks(command, ["-c", PYTHON_PROBE])) return true;
      }
      return false;
    },
  },
  {
    what: "a C++ compiler",
    aptPackages: ["g++"],
    byHand: ["macOS:    xcode-select --install", "Windows:  the Build Tools of Visual Studio, with C++"],
    isMet: async () => {
      // Found by setuptools through the registry, not on the PATH.
      if (process.platform === "win32") return true;
      const [command = "c++", ...args] = (process.env["CXX"] ?? "c++").split(" ");
      return await commandWorks(command, [...args, "--version"]);
    },
  },
  {
    what: "git",
    aptPackages: ["git"],
    byHand: ["macOS:    xcode-select --install", "Windows:  winget install Git.Git"],
    isMet: () => commandWorks("git", ["--version"]),
  },
  {
    what: "Prometheus, with promtool",
    aptPackages: ["prometheus"],
    byHand: ["macOS:    brew install prometheus", "Windows:  winget install Prometheus.Prometheus"],
    isMet: async () =>
      (await commandWorks("prometheus", ["--version"])) && (await commandWorks("promtool", ["--version"])),
  },
  {
    what: "Docker Engine, Podman, a registry and debootstrap, for what runs in containers",
    aptPackages: CONTAINER_PACKAGES,
    byHand: [],
    isMet: async () => {
      // Where those tests cannot run, and say so, nothing is needed.
      if (process.platform !== "linux" || process.getuid?.() !== 0 || !(await haveApt())) return true;
      return await commandWorks("sh", [
        "-c",
        `PATH="$PATH:/usr/sbin:/sbin" && command -v ${CONTAINER_PROGRAMS.join(" && command -v ")}`,
      ]);
    },
  },
];

/** Makes sure of what the tests need beside Kiln itself. Throws a SetupError that says what to type. */
export async function ensureTestNeeds(): Promise<void> {
  for (const need of NEEDS) await ensure(need);
}

async function ensure(need: Need): Promise<void> {
  if (await need.isMet()) return;
  if ((await haveApt()) && (await rootPrefix()) !== null) {
    say(`the tests need ${need.what}, which was not found`);
    if ((await aptInstall(need.aptPackages)) && (await need.isMet())) return;
  }
  const apt = `Debian:   sudo apt-get update && sudo apt-get install ${need.aptPackages.join(" ")}`;
  throw new SetupError(`the tests need ${need.what}`, [apt, ...need.byHand]);
}
