import type { FileIndex } from "./file-index.ts";
import { interpreterTags, platformTags } from "./supported-tags.ts";
import { environmentWords, type WheelEnvironment } from "./wheel-environment.ts";

const TAGS_SHOWN_MAX = 6;

/** A sentence on why no wheel fits: what the nearest ones are for. */
export function whyNoWheel(index: FileIndex, environment: WheelEnvironment): string {
  const cell = environmentWords(environment);
  if (index.wheels.length === 0) return `there is no wheel at all for ${cell}`;
  const interpreters = new Set(interpreterTags(environment.python).map(({ tag }) => tag));
  const platforms = new Set([...platformTags(environment.system), "any"]);
  const ofPython = new Set<string>();
  const ofPlatform = new Set<string>();
  for (const { file } of index.wheels) {
    const tags = file.pythons.flatMap((python) => file.abis.map((abi) => `${python}-${abi}`));
    if (tags.some((tag) => interpreters.has(tag))) for (const tag of file.platforms) ofPython.add(tag);
    if (file.platforms.some((tag) => platforms.has(tag))) for (const tag of tags) ofPlatform.add(tag);
  }
  const parts = [
    ofPython.size > 0 ? `wheels for this Python are for ${words(ofPython)}` : "no wheel is for this Python",
    ofPlatform.size > 0 ? `wheels for this system are for ${words(ofPlatform)}` : "no wheel is for this system",
  ];
  return `no wheel fits ${cell}: ${parts.join("; ")}`;
}

function words(tags: ReadonlySet<string>): string {
  const sorted = [...tags].toSorted();
  const more = sorted.length - TAGS_SHOWN_MAX;
  const shown = sorted.slice(0, TAGS_SHOWN_MAX).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}
