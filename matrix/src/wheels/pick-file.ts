import type { Installer, Pick } from "./coverage-report.ts";
import type { Best, FileIndex, Ranked } from "./file-index.ts";
import type { SdistName } from "./sdist-name.ts";
import { interpreterTags, platformTags, type LinuxTagOrder } from "./supported-tags.ts";
import { pythonVersion, type WheelEnvironment } from "./wheel-environment.ts";
import type { WheelName } from "./wheel-name.ts";

interface Found {
  readonly item: Ranked<WheelName>;
  readonly tag: string;
}

/**
 * What an installer takes when all files lie on one index: the newest version, with
 * its local part (PEP 440: 1.0+cu121 is newer than 1.0+cu118, and both than 1.0);
 * of that the wheel with the best tag, then the highest build tag; a source
 * distribution where no wheel of that version fits. Pre-releases where nothing else
 * fits. Read in the sources of pip 26.3 (CandidateEvaluator) and uv 0.12
 * (CandidateSelector, PrioritizedDist), and tried with pip 26.3 and uv 0.13.
 *
 * Names do not say Requires-Python, yanking or hashes: what those hide is not hidden here.
 */
export function pickFile(
  index: FileIndex,
  environment: WheelEnvironment,
  installer: Installer,
  prereleases: boolean,
): Pick {
  const wheels = bestWheels(index, environment, linuxTagOrder(installer, environment.python));
  const release = newer(wheels.release, index.sdist.release);
  const prerelease = newer(wheels.prerelease, index.sdist.prerelease);
  if (release === null || prerelease === null) return pickOf(release ?? prerelease);
  return pickOf(prereleases && rankOf(prerelease) > rankOf(release) ? prerelease : release);
}

type Candidate = Found | Ranked<SdistName>;

/** At the same version the wheel. */
function newer(wheel: Found | null, sdist: Ranked<SdistName> | null): Candidate | null {
  if (wheel === null || sdist === null) return wheel ?? sdist;
  return sdist.rank > wheel.item.rank ? sdist : wheel;
}

function rankOf(candidate: Candidate): number {
  return "item" in candidate ? candidate.item.rank : candidate.rank;
}

function pickOf(candidate: Candidate | null): Pick {
  if (candidate === null) return { kind: "none" };
  if (!("item" in candidate)) return { kind: "sdist", file: candidate.file.file, version: candidate.file.version };
  const { item, tag } = candidate;
  return { kind: "wheel", file: item.file.file, version: item.file.version, tag };
}

/** The newest pip for Python 3.8 and 3.9 has a packaging of before 26.3. */
const FIRST_MINOR_OF_CURRENT_PIP = 10;

/** See LinuxTagOrder: the one thing in which pip and uv differ. */
function linuxTagOrder(installer: Installer, python: string): LinuxTagOrder {
  if (installer === "uv") return "linux-last";
  return (pythonVersion(python)?.minor ?? 0) >= FIRST_MINOR_OF_CURRENT_PIP ? "linux-first" : "linux-last";
}

/** Tags come best first, so a later one wins by a newer version only. */
function bestWheels(index: FileIndex, environment: WheelEnvironment, order: LinuxTagOrder): Best<Found> {
  let release: Found | null = null;
  let prerelease: Found | null = null;
  for (const tag of tagsInUse(index, environment, order)) {
    const best = index.byTag.get(tag);
    if (best?.release && (release === null || best.release.rank > release.item.rank))
      release = { item: best.release, tag };
    if (best?.prerelease && (prerelease === null || best.prerelease.rank > prerelease.item.rank)) {
      prerelease = { item: best.prerelease, tag };
    }
  }
  return { release, prerelease };
}

/** The supported tags that the files can have at all, best first. */
export function tagsInUse(
  index: FileIndex,
  environment: WheelEnvironment,
  order: LinuxTagOrder = "linux-first",
): readonly string[] {
  const platforms = platformTags(environment.system, order).filter((tag) => index.platformTags.has(tag));
  return interpreterTags(environment.python)
    .filter(({ tag }) => index.interpreterTags.has(tag))
    .flatMap(({ tag, any }) => (any ? [`${tag}-any`] : platforms.map((platform) => `${tag}-${platform}`)));
}
