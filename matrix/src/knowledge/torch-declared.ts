import { cudaWords } from "../known/cuda-value.ts";
import type { Knowledge } from "./knowledge.ts";
import { listOf } from "./number-order.ts";
import type { Citation } from "./record.ts";
import { cite, citeData, type TorchCell } from "./torch-cell.ts";
import type { TorchRelease } from "./torch-release.ts";

/** What a release's declarations (build matrix, install selector, RELEASE.md) say of a cell whose wheels no list names. */
export interface Declared {
  readonly answer: "possible" | "impossible" | "unknown";
  readonly reason: string;
  readonly citation: Citation;
}

/**
 * Declarations are rectangles (these Pythons × these CUDAs on these platforms),
 * and releases have not kept them in every corner: torch 1.13 has Python 3.11 and
 * 2.5 has 3.13 on Linux x86_64 only. In every release whose wheels were listed,
 * the exceptions are Pythons that PyTorch first served in that feature version or
 * the one before (a test holds the data to it). So a cell that the declarations
 * allow is possible when its Python is older than that, and unknown otherwise.
 */
export function askDeclarations(knowledge: Knowledge, release: TorchRelease, cell: TorchCell): Declared {
  const parts = [askBuild(knowledge, release, cell), askPython(knowledge, release, cell)];
  const worst = parts.find(({ answer }) => answer === "impossible") ?? parts.find(({ answer }) => answer === "unknown");
  if (worst) return worst;
  const build = cell.cuda === null ? "" : ` for ${cudaWords(cell.cuda)}`;
  const reason = `torch ${release.version} is declared to be built${build} on ${cell.platform} and for CPython ${cell.python}; no list of those wheels was read`;
  return { answer: "possible", reason, citation: cite(release, "builds", "release-matrix", "selector") };
}

function askBuild(knowledge: Knowledge, release: TorchRelease, { platform, cuda }: TorchCell): Declared {
  const builds = cite(release, "builds", "release-matrix");
  const said = (answer: Declared["answer"], reason: string, citation = builds): Declared => ({
    answer,
    reason,
    citation,
  });
  const name = `torch ${release.version}`;
  if (platform.startsWith("macos-")) return askMac(knowledge, release, platform, cuda);
  if (cuda === null) return said("possible", `${name} is built for ${platform}`);
  if (cuda === "cpu") return askCpu(knowledge, release, platform);
  if (cuda.startsWith("rocm")) {
    const has = release.rocm.includes(cuda.slice("rocm".length));
    if (!has)
      return said("impossible", `${name} is built for ROCm ${listOf(release.rocm)}, not for ${cudaWords(cuda)}`);
    if (platform === "linux-x86_64") return said("possible", `${name} is built for ${cudaWords(cuda)}`);
    return said(
      "unknown",
      `whether ${name} for ${cudaWords(cuda)} is built on ${platform} stands in no document that was read`,
    );
  }
  const declared = release.cuda.get(platform) ?? [];
  if (declared.includes(cuda)) return said("possible", `${name} is built for CUDA ${cuda} on ${platform}`);
  if (release.cudaTargets.includes(cuda)) {
    const targets = cite(release, "extra-targets", "builds");
    if (platform.startsWith("windows-") && release.cudaTargetsWithoutWindows.includes(cuda)) {
      return said("impossible", `${name} for CUDA ${cuda} is not built on Windows`, targets);
    }
    return said(
      "unknown",
      `CUDA ${cuda} is a build target of ${name}, but no list that was read has its wheels`,
      targets,
    );
  }
  const instead = declared.length === 0 ? "no CUDA" : `CUDA ${listOf(declared)}`;
  return said("impossible", `${name} is built for ${instead} on ${platform}, not for CUDA ${cuda}`);
}

function askCpu(knowledge: Knowledge, release: TorchRelease, platform: string): Declared {
  const name = `torch ${release.version}`;
  const builds = cite(release, "builds", "release-matrix", "selector");
  const onLinuxArm =
    platform === "linux-aarch64" &&
    (release.aarch64CpuTags !== null || release.lists.cpuIndex?.wheels.has(platform) === true);
  if (platform === "linux-x86_64" || onLinuxArm || (platform === "windows-x86_64" && release.windowsCpu)) {
    return { answer: "possible", reason: `${name} is built for the CPU on ${platform}`, citation: builds };
  }
  const reason = `whether ${name} is built for the CPU on ${platform} stands in no document that was read`;
  return { answer: "unknown", reason, citation: citeData(knowledge) };
}

function askMac(knowledge: Knowledge, release: TorchRelease, platform: string, cuda: string | null): Declared {
  const name = `torch ${release.version}`;
  if (cuda !== null && cuda !== "cpu") {
    const reason = `PyTorch has no wheels for ${cudaWords(cuda)} on macOS`;
    return { answer: "impossible", reason, citation: cite(release, "builds", "wheels") };
  }
  const tags = release.macosTags?.get(platform);
  if (tags !== undefined && tags.length > 0) {
    return {
      answer: "possible",
      reason: `${name} is built for ${platform}`,
      citation: cite(release, "pypi-wheels", "cpu-index-wheels", "wheels"),
    };
  }
  const ended = lastOn(knowledge, platform);
  if (ended !== null && ended.successor !== null) {
    const reason = `${name} has no wheel for ${platform}: torch ${ended.last.version} is the last that has one`;
    return { answer: "impossible", reason, citation: cite(ended.successor, "wheels", "pypi-wheels") };
  }
  if (tags !== undefined) {
    return {
      answer: "impossible",
      reason: `${name} has no wheel for ${platform}`,
      citation: cite(release, "pypi-wheels", "wheels"),
    };
  }
  if (release.pypiDefault.has(platform)) {
    return {
      answer: "possible",
      reason: `${name} is on PyPI for ${platform}`,
      citation: cite(release, "pypi-default", "selector"),
    };
  }
  const reason = `whether ${name} is built for ${platform} stands in no document that was read`;
  return { answer: "unknown", reason, citation: citeData(knowledge) };
}

/** The last release with wheels for a kind of Mac, and the first after it that is known to have none; later ones had none either. */
export function lastOn(
  knowledge: Knowledge,
  platform: string,
): { readonly last: TorchRelease; readonly successor: TorchRelease | null } | null {
  const releases = knowledge.torchReleases;
  const at = releases.findLastIndex(({ macosTags }) => (macosTags?.get(platform)?.length ?? 0) > 0);
  const last = releases[at];
  if (!last) return null;
  const successor = releases.slice(at + 1).find(({ macosTags }) => macosTags?.get(platform)?.length === 0);
  return { last, successor: successor ?? null };
}

function askPython(knowledge: Knowledge, release: TorchRelease, { python }: TorchCell): Declared {
  const citation = cite(release, "builds", "release-matrix");
  const name = `torch ${release.version}`;
  if (release.pythons.includes(python)) {
    if (isSettled(knowledge, release, python))
      return { answer: "possible", reason: `${name} is built for CPython ${python}`, citation };
    const reason = `${name} is declared for CPython ${python}, which PyTorch had served for less than two feature versions, and no list that was read has this wheel`;
    return { answer: "unknown", reason, citation };
  }
  if (new RegExp(`(?<![\\d.])${python.replace(".", "\\.")}(?![\\dt])`).test(release.pythonRemarks)) {
    const reason = `documents differ on whether ${name} is built for CPython ${python} (${release.pythonRemarks})`;
    return { answer: "unknown", reason, citation: cite(release, "release-matrix", "free-threaded", "builds") };
  }
  return {
    answer: "impossible",
    reason: `${name} is built for CPython ${listOf(release.pythons)}, not for ${python}`,
    citation,
  };
}

/** Whether PyTorch served this Python two feature versions before already. */
export function isSettled({ torchReleases }: Knowledge, release: TorchRelease, python: string): boolean {
  const features = [...new Set(torchReleases.map(({ feature }) => feature))];
  const first = torchReleases.find(({ pythons }) => pythons.includes(python));
  if (!first) return false;
  return features.indexOf(release.feature) - features.indexOf(first.feature) >= SETTLED_AFTER;
}

const SETTLED_AFTER = 2;
