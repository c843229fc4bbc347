/** One compatibility tag (PEP 425). */
export interface WheelTag {
  /** "cp312", "py3" */
  readonly python: string;
  /** "cp312", "abi3", "none" */
  readonly abi: string;
  /** "manylinux_2_17_x86_64", "any" */
  readonly platform: string;
}

const TAGS_MAX = 200;

/** The tags of a wheel's file name, with its compressed sets taken apart; none when the name has none. */
export function wheelTags(filename: string): readonly WheelTag[] {
  const [, python, abi, platform] = /-([^-/\\]+)-([^-/\\]+)-([^-/\\]+)\.whl$/.exec(filename) ?? [];
  const [pythons, abis, platforms] = [python, abi, platform].map((set) => set?.split(".") ?? []);
  const tags: WheelTag[] = [];
  for (const one of pythons ?? [])
    for (const two of abis ?? [])
      for (const three of platforms ?? [])
        if (tags.length < TAGS_MAX) tags.push({ python: one, abi: two, platform: three });
  return tags;
}

export function tagText({ python, abi, platform }: WheelTag): string {
  return `${python}-${abi}-${platform}`;
}

/** Whether a wheel is for any platform. */
export function isForAnyPlatform(tags: readonly WheelTag[]): boolean {
  return tags.length > 0 && tags.every(({ platform }) => platform === "any");
}

/** Whether a CPython of a feature version ("3.12", "3.13t") can install a wheel with the tag, whatever the platform (PEP 425, PEP 703). */
export function fitsPython({ python, abi }: WheelTag, feature: string): boolean {
  const [, minor = "", threads = ""] = /^3\.(\d+)(t?)$/.exec(feature) ?? [];
  const tagged = /^(cp|py)3(\d*)$/.exec(python);
  if (!tagged) return false;
  const [, implementation, digits = ""] = tagged;
  const isOlderOrEqual = digits === "" || Number(digits) <= Number(minor);
  if (implementation === "py") return abi === "none" && isOlderOrEqual;
  // The stable ABI is not that of free-threaded builds.
  if (abi === "abi3") return threads === "" && isOlderOrEqual;
  if (abi === "none") return digits === minor || digits === "";
  const flags = Number(minor) < 8 ? "m?" : threads;
  return digits === minor && new RegExp(`^cp3${minor}${flags}$`).test(abi);
}

const PLATFORM_TAGS: Readonly<Record<string, RegExp>> = {
  "linux-x86_64": /^(?:linux|manylinux.*|musllinux.*)_x86_64$/,
  "linux-aarch64": /^(?:linux|manylinux.*|musllinux.*)_aarch64$/,
  "macos-arm64": /^macosx_\d+_\d+_(?:arm64|universal2)$/,
  "macos-x86_64": /^macosx_\d+_\d+_(?:x86_64|universal2|intel)$/,
  "windows-x86_64": /^win_amd64$/,
};

/** Whether a machine of a platform, in the matrix's terms, can install a wheel with the tag. */
export function fitsPlatform({ platform }: WheelTag, machine: string): boolean {
  return platform === "any" || (PLATFORM_TAGS[machine]?.test(platform) ?? false);
}
