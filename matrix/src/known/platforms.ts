/** Platforms that Kiln plans for, in the order in which plans list them. */
export const KNOWN_PLATFORMS = [
  "linux-x86_64",
  "linux-aarch64",
  "macos-arm64",
  "macos-x86_64",
  "windows-x86_64",
] as const;

export type Platform = (typeof KNOWN_PLATFORMS)[number];

export function isKnownPlatform(text: string): text is Platform {
  return (KNOWN_PLATFORMS as readonly string[]).includes(text);
}

/** Order of plans: known platforms first, then others by name. */
export function comparePlatforms(a: string, b: string): number {
  return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
}

function rank(platform: string): number {
  return isKnownPlatform(platform) ? KNOWN_PLATFORMS.indexOf(platform) : KNOWN_PLATFORMS.length;
}
